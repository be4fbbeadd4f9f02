import { setImmediate } from 'node:timers';

/** So many lines of one turn leave at once, later ones that many at a time: a message for each would keep the host busy. */
const AT_ONCE = 50;

/**
 * Lets log lines leave in the turn of the event loop in which they are written. What is gathered until its end is lost if
 * it never comes, and the last line before an endless loop, or before the end of the process, tells the most.
 */
export class PromptLines {
  readonly #flush: () => void;
  #inTurn = 0;

  /** @param flush sends what was written so far */
  constructor(flush: () => void) {
    this.#flush = flush;
  }

  /** A line was handed on. */
  written(): void {
    if (this.#inTurn++ === 0)
      setImmediate(() => {
        this.#inTurn = 0;
      });
    if (this.#inTurn <= AT_ONCE || this.#inTurn % AT_ONCE === 0) this.#flush();
  }
}
