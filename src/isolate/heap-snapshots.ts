import { BulkheadError } from '../errors.ts';
import { MIB } from '../units.ts';
import type { Link } from '../wire/link.ts';
import type { SnapshotRead } from '../wire/messages.ts';
import * as check from './check-notes.ts';

/** So many are asked for at once. */
const PIECES = 4;
/** As text a heap takes two to three times as much room. What takes so many times as much is no snapshot. */
const TIMES_THE_HEAP = 20;

/** Snapshots of a generation's heap, which its own thread makes and then sends in pieces. */
export class HeapSnapshots {
  readonly #link: Link;
  readonly #maxBytes: number;
  readonly #unread = new Map<number, HeapSnapshot>();
  #last = 0;
  #beingTaken = 0;

  /** @param heapMb its heap limit, MiB */
  constructor(link: Link, heapMb: number) {
    this.#link = link;
    this.#maxBytes = TIMES_THE_HEAP * heapMb * MIB;
  }

  /** One is just being taken: the thread stands still, and shows no sign of life. */
  get isTaking(): boolean {
    return this.#beingTaken > 0;
  }

  /** The objects on its heap, in the format of Chrome's tools. The thread keeps them until they are dropped. */
  async take(): Promise<HeapSnapshot> {
    const number = ++this.#last;
    this.#beingTaken++;
    try {
      await this.#link.request('takeSnapshot', number);
    } finally {
      this.#beingTaken--;
    }
    const snapshot = new HeapSnapshot(
      (pieces) => this.#link.request('readSnapshot', { number, pieces } satisfies SnapshotRead),
      () => {
        this.#unread.delete(number);
        this.#link.note('dropSnapshot', number);
      },
      this.#maxBytes,
    );
    this.#unread.set(number, snapshot);
    return snapshot;
  }

  /**
   * What comes for one that was dropped meanwhile is not wanted any more.
   *
   * @param note unchecked; throws if it is malformed, or more than was asked for
   */
  arrived(note: unknown): void {
    const { number, bytes } = check.checkPiece(note);
    this.#unread.get(number)?.arrived(bytes);
  }
}

/** One that the thread has made. */
export class HeapSnapshot {
  readonly #read: (pieces: number) => Promise<unknown>;
  /** Nobody reads on. */
  readonly drop: () => void;
  readonly #maxBytes: number;
  readonly #arrived: Uint8Array[] = [];

  constructor(read: (pieces: number) => Promise<unknown>, drop: () => void, maxBytes: number) {
    this.#read = read;
    this.drop = drop;
    this.#maxBytes = maxBytes;
  }

  /** Throws `ERR_VALUE_TOO_LARGE` if they do not come to an end. */
  async *pieces(): AsyncGenerator<Uint8Array> {
    for (let bytes = 0; ; ) {
      await this.#read(PIECES);
      const pieces = this.#arrived.splice(0);
      if (pieces.length === 0) return;
      for (const piece of pieces) bytes += piece.byteLength;
      if (bytes > this.#maxBytes) {
        const text = `The snapshot is not over after ${Math.round(bytes / MIB)} MiB; is the plugin's heap that large?`;
        throw new BulkheadError('ERR_VALUE_TOO_LARGE', text);
      }
      yield* pieces;
    }
  }

  arrived(bytes: Uint8Array): void {
    if (this.#arrived.length === PIECES) throw new TypeError('more of a snapshot than was asked for');
    this.#arrived.push(bytes);
  }
}
