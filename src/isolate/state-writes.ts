import type { ForwardedState, StateChange, StateNote } from '../wire/messages.ts';

/** After how much that was read it is told, bytes. */
const TELL_BYTES = 256 * 1024;

/** What a generation writes into its state, as it is read. */
export class StateWrites {
  readonly #tell: (bytes: number) => void;
  /** Number of its write that was read last. */
  #seen = 0;
  #readBytes = 0;
  #toldBytes = 0;

  /** @param tell says how much was read, from the first write on, so that it knows how much waits */
  constructor(tell: (bytes: number) => void) {
    this.#tell = tell;
  }

  read({ seq, bytes, ...change }: StateNote): StateChange {
    this.#seen = seq;
    this.#readBytes += bytes;
    if (this.#readBytes - this.#toldBytes >= TELL_BYTES) {
      this.#toldBytes = this.#readBytes;
      this.#tell(this.#readBytes);
    }
    return change;
  }

  /** The write of another generation, and which of its own are older. */
  forwarded(change: StateChange): ForwardedState {
    return { ...change, seen: this.#seen };
  }
}
