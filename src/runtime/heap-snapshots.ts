import type { Readable } from 'node:stream';
import { builtin } from './builtin.ts';

/** So much of a snapshot is sent at once. */
const PIECE_BYTES = 256 * 1024;

/** Snapshots of the heap of this thread, by the numbers that the host gives them, as long as it reads them. */
export class HeapSnapshots {
  readonly #unread = new Map<number, Readable>();

  /** Nothing else runs in this thread meanwhile. */
  take(number: number): void {
    const snapshot = builtin('node:v8').getHeapSnapshot();
    // All of it is made at the first read.
    snapshot.read(0);
    this.#unread.set(number, snapshot);
  }

  /** The host asks for it piece by piece, so that nothing else has to wait behind it. @returns `null` after the last */
  read(number: number): Uint8Array | null {
    return this.#unread.get(number)?.read(PIECE_BYTES) ?? null;
  }

  drop(number: number): void {
    this.#unread.delete(number);
  }
}
