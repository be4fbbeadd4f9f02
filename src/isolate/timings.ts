import { createHistogram } from 'node:perf_hooks';

const US_PER_MS = 1_000;

/** How long things took: so many of them, and how they are spread. Precise to three digits. */
export class Timings {
  readonly #histogram = createHistogram();

  record(ms: number): void {
    this.#histogram.record(Math.max(1, Math.round(ms * US_PER_MS)));
  }

  get count(): number {
    return this.#histogram.count;
  }

  /** In ms; 0 if nothing was recorded. */
  percentile(percent: number): number {
    return this.count === 0 ? 0 : this.#histogram.percentile(percent) / US_PER_MS;
  }
}
