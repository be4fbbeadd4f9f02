/** Longest line of a log, in characters; what is beyond is cut. The figure is that of VS Code. */
export const MAX_LINE = 10_000;

/** A text with what is too long of it cut off, and said so. */
export function cutLine(text: string, more = 0): string {
  const over = Math.max(0, text.length - MAX_LINE) + more;
  return over === 0 ? text : `${text.slice(0, MAX_LINE)} … (${over} more characters)`;
}

/** V8 makes of a part of a text a view that holds all of it. With so much around it, characters, that is worth a copy. */
const WORTH_A_COPY = 1_024;

export interface LinesOptions {
  line(text: string): void;
  /** Lines are not wanted just now. */
  isSpent?(): boolean;
  /** So many were not made. */
  skipped?(count: number): void;
}

/** Makes lines of what is written in pieces. Of a line that does not end only the beginning is kept. */
export class Lines {
  readonly #options: LinesOptions;
  #partial = '';
  #more = 0;

  constructor(options: LinesOptions) {
    this.#options = options;
  }

  write(text: string): void {
    let start = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
      if (this.#options.isSpent?.()) {
        this.#skip(text, start);
        return;
      }
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
    if (kept > start) this.#partial += part(text, start, kept);
    this.#more += end - kept;
  }

  #end(): void {
    const line = cutLine(this.#partial, this.#more);
    this.#partial = '';
    this.#more = 0;
    this.#options.line(line);
  }

  /** All lines from there on; of the first one a part may be there already. */
  #skip(text: string, start: number): void {
    let count = 0;
    let next = start;
    for (let end = text.indexOf('\n', next); end >= 0; end = text.indexOf('\n', next)) {
      count++;
      next = end + 1;
    }
    this.#partial = '';
    this.#more = 0;
    this.#append(text, next, text.length);
    this.#options.skipped?.(count);
  }
}

function part(text: string, start: number, end: number): string {
  const slice = text.slice(start, end);
  if (text.length - slice.length < WORTH_A_COPY) return slice;
  return Buffer.from(slice, 'utf16le').toString('utf16le');
}
