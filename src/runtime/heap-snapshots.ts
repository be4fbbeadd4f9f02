import { once } from 'node:events';
import { getHeapSnapshot } from 'node:v8';
import type { SnapshotPiece, SnapshotRead } from '../wire/messages.ts';
import { release } from '../wire/release.ts';

/** As it was before the plugin could replace it. */
const makeSnapshot = getHeapSnapshot;

/** Snapshots of the heap of this thread, by the numbers that the host gives them, as long as it reads them. */
export class HeapSnapshots {
  readonly #unread = new Map<number, Uint8Array[]>();
  readonly #sent = new Map<number, Uint8Array[]>();

  /** How much they take of this thread's memory, which is none of the plugin's doing. */
  get bytes(): number {
    let sum = 0;
    for (const pieces of [...this.#unread.values(), ...this.#sent.values()])
      for (const { byteLength } of pieces) sum += byteLength;
    return sum;
  }

  /** Nothing else runs in this thread until it is made, all at once, in pieces of 64 KB. */
  async take(number: number): Promise<void> {
    const pieces: Uint8Array[] = [];
    const snapshot = makeSnapshot();
    snapshot.on('data', (piece: Uint8Array) => pieces.push(piece));
    this.#unread.set(number, pieces);
    await once(snapshot, 'end');
  }

  /** The host asks for some at a time, so that nothing else has to wait behind it. */
  read({ number, pieces }: SnapshotRead, send: (piece: SnapshotPiece) => void): void {
    this.#releaseSent(number);
    const next = this.#unread.get(number)?.splice(0, pieces) ?? [];
    for (const bytes of next) send({ number, bytes });
    this.#sent.set(number, next);
  }

  drop(number: number): void {
    this.#releaseSent(number);
    this.#unread.get(number)?.forEach(release);
    this.#unread.delete(number);
  }

  /** Not before the host asks for more: only then have they left. */
  #releaseSent(number: number): void {
    this.#sent.get(number)?.forEach(release);
    this.#sent.delete(number);
  }
}
