import { lateTimeout } from '../late-timeout.ts';

/**
 * How long to wait for something. A limit set from outside, such as the budget of a program that is to end, shortens
 * also the waits that are under way.
 */
export class Patience {
  #until = Number.POSITIVE_INFINITY;
  readonly #waits = new Set<() => void>();

  /** From now on all waits together take at most so long, ms. A later, shorter limit counts. */
  limit(ms: number): void {
    this.#until = Math.min(this.#until, performance.now() + ms);
    for (const shorten of this.#waits) shorten();
  }

  /** However little a limit leaves, the waits that begin now may take so long, ms. */
  atLeast(ms: number): void {
    this.#until = Math.max(this.#until, performance.now() + ms);
  }

  unlimited(): void {
    this.#until = Number.POSITIVE_INFINITY;
  }

  /**
   * The promise, or a rejection with what `error` makes (from the time waited, ms) when `ms` have passed.
   *
   * @param share of what is left of a limit, so that something remains for what comes after
   */
  wait<T>(promise: Promise<T>, ms: number, error: (waitedMs: number) => unknown, share = 1): Promise<T> {
    return new Promise((resolve, reject) => {
      const since = performance.now();
      let cancel = () => {};
      const finish = (settle: () => void) => {
        cancel();
        this.#waits.delete(arm);
        settle();
      };
      const arm = () => {
        const now = performance.now();
        const left = Math.min(since + ms - now, (this.#until - now) * share);
        cancel();
        if (left === Number.POSITIVE_INFINITY) return;
        const giveUp = () => finish(() => reject(error(Math.min(ms, Math.ceil(performance.now() - since)))));
        cancel = lateTimeout(giveUp, Math.max(0, Math.ceil(left)));
      };
      this.#waits.add(arm);
      arm();
      promise.then(
        (value) => finish(() => resolve(value)),
        (reason) => finish(() => reject(reason)),
      );
    });
  }
}
