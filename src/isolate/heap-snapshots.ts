import type { Link } from '../wire/link.ts';
import * as check from './check-notes.ts';

/** Snapshots of a generation's heap, which its own thread takes and then sends in pieces. */
export class HeapSnapshots {
  readonly #link: Link;
  #last = 0;
  #taking = 0;
  #reading = 0;

  constructor(link: Link) {
    this.#link = link;
  }

  /** The thread stands still, and shows no sign of life. */
  get areTaken(): boolean {
    return this.#taking > 0;
  }

  /** What is not read yet is among what the thread uses. */
  get areRead(): boolean {
    return this.#reading > 0;
  }

  /** The objects on its heap, in the format of Chrome's tools. */
  async *read(): AsyncGenerator<Uint8Array> {
    const number = ++this.#last;
    this.#reading++;
    try {
      await this.#take(number);
      for (;;) {
        const piece = check.checkPiece(await this.#link.request('readSnapshot', number));
        if (piece === null) return;
        yield piece;
      }
    } finally {
      this.#reading--;
      this.#link.note('dropSnapshot', number);
    }
  }

  async #take(number: number): Promise<void> {
    this.#taking++;
    try {
      await this.#link.request('takeSnapshot', number);
    } finally {
      this.#taking--;
    }
  }
}
