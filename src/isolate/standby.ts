import type { Isolate, IsolateLimits } from './isolate.ts';

type StartIsolate = (limits: IsolateLimits, isStandby: boolean) => Isolate;

/** Isolates that have booted the runtime and wait for a plugin, so that a reload does not wait for a boot. */
export class Standbys {
  readonly #size: number;
  readonly #limits: IsolateLimits;
  readonly #start: StartIsolate;
  readonly #waiting = new Set<Isolate>();
  #isClosing = false;

  /** Only plugins with these limits can use a standby: a thread's limits are set when it starts. */
  constructor(size: number, limits: IsolateLimits, start: StartIsolate) {
    this.#size = size;
    this.#limits = limits;
    this.#start = start;
  }

  take(limits: IsolateLimits): Isolate {
    for (const isolate of this.#waiting) {
      if (limits.heapMb !== this.#limits.heapMb) break;
      this.#waiting.delete(isolate);
      return isolate;
    }
    return this.#start(limits, false);
  }

  /** Starts what is missing. Called when a swap is over: during it the new threads would compete with it. */
  refill(): void {
    while (!this.#isClosing && this.#waiting.size < this.#size) {
      const isolate = this.#start(this.#limits, true);
      this.#waiting.add(isolate);
      void isolate.ended.then(() => this.#waiting.delete(isolate));
    }
  }

  /** Ends those that wait. A later `refill` starts new ones. */
  async close(): Promise<void> {
    this.#isClosing = true;
    const waiting = [...this.#waiting];
    for (const isolate of waiting) isolate.end({ kind: 'requested', text: 'it was not needed' });
    await Promise.all(waiting.map((isolate) => isolate.ended));
    this.#isClosing = false;
  }
}
