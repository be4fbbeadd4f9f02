/** How many seconds' worth may be saved up and spent at once. With 4, a flood kept the host from others for 20 ms. */
const BURST_SECONDS = 1;

/** After a refusal there is hardly more for so long, ms: who has much to offer need not try. */
const SPENT_MS = 10;

/** A token bucket: so much a second, and what was not used lately on top of it. */
export class Budget {
  readonly #perSecond: number;
  readonly #now: () => number;
  #left: number;
  #at: number;
  #refusedAt = Number.NEGATIVE_INFINITY;

  /** @param now a clock in ms; `performance` would load a part of Node that few threads need */
  constructor(perSecond: number, now: () => number = () => process.uptime() * 1_000) {
    this.#perSecond = perSecond;
    this.#now = now;
    this.#left = perSecond * BURST_SECONDS;
    this.#at = now();
  }

  /** Something was refused a moment ago. */
  get isSpent(): boolean {
    return this.#now() - this.#refusedAt < SPENT_MS;
  }

  /** Takes so much, if there is so much left. */
  take(amount: number): boolean {
    const now = this.#now();
    const earned = ((now - this.#at) / 1_000) * this.#perSecond;
    this.#left = Math.min(this.#perSecond * BURST_SECONDS, this.#left + earned);
    this.#at = now;
    if (amount > this.#left) {
      this.#refusedAt = now;
      return false;
    }
    this.#left -= amount;
    return true;
  }
}
