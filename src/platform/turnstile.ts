/** How often the timers of a plugin are let through in a second, and at once after a rest. */
const PER_SECOND = 1_000;
const REFILLS_PER_SECOND = 20;

/** Lets so many through in a second. The others wait, in order: a plugin with too many timers delays only its own. */
export class Turnstile {
  readonly #onLate: (perSecond: number) => void;
  #left = PER_SECOND;
  #waiting: (() => void)[] = [];
  #timer: NodeJS.Timeout | undefined;
  #saidLate = false;

  /** @param onLate called the first time that one has to wait */
  constructor(onLate: (perSecond: number) => void) {
    this.#onLate = onLate;
  }

  pass(run: () => void): void {
    this.#timer ??= setTimeout(() => this.#refill(), 1_000 / REFILLS_PER_SECOND);
    if (this.#left > 0) {
      this.#left--;
      run();
      return;
    }
    this.#waiting.push(run);
    if (this.#saidLate) return;
    this.#saidLate = true;
    this.#onLate(PER_SECOND);
  }

  /** Whoever waits is forgotten. */
  close(): void {
    clearTimeout(this.#timer);
    this.#waiting = [];
    this.#left = 0;
  }

  #refill(): void {
    this.#timer = undefined;
    this.#left = Math.min(PER_SECOND, this.#left + PER_SECOND / REFILLS_PER_SECOND);
    const next = this.#waiting.splice(0, this.#left);
    this.#left -= next.length;
    for (const run of next) run();
    if (this.#left < PER_SECOND) this.#timer ??= setTimeout(() => this.#refill(), 1_000 / REFILLS_PER_SECOND);
  }
}
