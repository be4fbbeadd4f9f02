import { createHistogram } from 'node:perf_hooks';

const US_PER_MS = 1_000;

/** Longer times count as this, a day. */
const MAX_MS = 86_400_000;

/** How long things took: so many of them, and how they are spread. Precise to two digits, a third would take 370 KB. */
export class Timings {
  readonly #histogram = createHistogram({ lowest: 1, highest: MAX_MS * US_PER_MS, figures: 2 });

  record(ms: number): void {
    this.#histogram.record(Math.max(1, Math.round(Math.min(ms, MAX_MS) * US_PER_MS)));
  }

  get count(): number {
    return this.#histogram.count;
  }

  /** In ms; 0 if nothing was recorded. */
  percentile(percent: number): number {
    return this.count === 0 ? 0 : this.#histogram.percentile(percent) / US_PER_MS;
  }
}
