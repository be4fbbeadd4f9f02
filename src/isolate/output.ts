import { StringDecoder } from 'node:string_decoder';
import type { Budget } from '../wire/budget.ts';
import { Lines } from '../wire/lines.ts';

const NEWLINE = 10;
/** What a line costs beside its text, bytes: as much as one that comes by way of the runtime. */
const LINE_BYTES = 100;

export interface OutputOptions {
  /** Bytes it may write, and what each line costs; what is over is not even decoded. */
  budget: Budget;
  line(text: string): void;
  /** So many lines were over the budget. */
  dropped(count: number): void;
}

/** What a plugin writes to one of its standard streams without its runtime, as lines. */
export class Output {
  readonly #options: OutputOptions;
  readonly #lines: Lines;
  readonly #decoder = new StringDecoder('utf8');

  constructor(options: OutputOptions) {
    this.#options = options;
    this.#lines = new Lines({ line: (text) => options.line(text) });
  }

  write(chunk: Buffer): void {
    const lines = countNewlines(chunk);
    if (this.#options.budget.take(chunk.length + lines * LINE_BYTES)) {
      this.#lines.write(this.#decoder.write(chunk));
      return;
    }
    // What comes after the gap does not belong to the line before it.
    this.flush();
    this.#options.dropped(Math.max(1, lines));
  }

  /** What was not ended by a newline is a line too. */
  flush(): void {
    this.#lines.write(this.#decoder.end());
    this.#lines.flush();
  }
}

function countNewlines(chunk: Buffer): number {
  let count = 0;
  for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, at + 1)) count++;
  return count;
}
