/** Longest line of a log, in characters; what is beyond is cut. The figure is that of VS Code. */
export const MAX_LINE = 10_000;

/** A text with what is too long of it cut off, and said so. */
export function cutLine(text: string, more = 0): string {
  const over = Math.max(0, text.length - MAX_LINE) + more;
  return over === 0 ? text : `${text.slice(0, MAX_LINE)} … (${over} more characters)`;
}

/** Makes lines of what is written in pieces. Of a line that does not end only the beginning is kept. */
export class Lines {
  readonly #line: (text: string) => void;
  #partial = '';
  #more = 0;

  constructor(line: (text: string) => void) {
    this.#line = line;
  }

  write(text: string): void {
    let start = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
      this.#append(text, start, end);
      this.#end();
      start = end + 1;
    }
    this.#append(text, start, text.length);
  }

  /** What was not ended by a newline is a line too. */
  flush(): void {
    if (this.#partial !== '') this.#end();
  }

  #append(text: string, start: number, end: number): void {
    const kept = Math.min(end, start + MAX_LINE - this.#partial.length);
    this.#partial += text.slice(start, kept);
    this.#more += end - kept;
  }

  #end(): void {
    const line = cutLine(this.#partial, this.#more);
    this.#partial = '';
    this.#more = 0;
    this.#line(line);
  }
}
