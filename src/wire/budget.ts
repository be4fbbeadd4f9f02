/** How many seconds' worth may be saved up and spent at once. With 4, a flood kept the host from others for 20 ms. */
const BURST_SECONDS = 1;

/** A token bucket: so much a second, and what was not used lately on top of it. */
export class Budget {
  readonly #perSecond: number;
  readonly #now: () => number;
  #left: number;
  #at: number;

  /** @param now a clock in ms; `performance` would load a part of Node that few threads need */
  constructor(perSecond: number, now: () => number = () => process.uptime() * 1_000) {
    this.#perSecond = perSecond;
    this.#now = now;
    this.#left = perSecond * BURST_SECONDS;
    this.#at = now();
  }

  /** Takes so much, if there is so much left. */
  take(amount: number): boolean {
    const now = this.#now();
    const earned = ((now - this.#at) / 1_000) * this.#perSecond;
    this.#left = Math.min(this.#perSecond * BURST_SECONDS, this.#left + earned);
    this.#at = now;
    if (amount > this.#left) return false;
    this.#left -= amount;
    return true;
  }
}
