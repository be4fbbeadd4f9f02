import { setImmediate as turn } from 'node:timers/promises';

/** How long files are looked at in one piece, ms: on a slow disk one look takes as long as many do on a quick one. */
const SLICE_MS = 2;

/** Cuts long work into slices, between which the host does what else there is. */
export class TimeSlice {
  #began = performance.now();

  /** To await between two steps. */
  async pause(): Promise<void> {
    if (performance.now() - this.#began < SLICE_MS) return;
    await turn();
    this.#began = performance.now();
  }
}
