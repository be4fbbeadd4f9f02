/** A job that takes longer than this waits for something rather than computing, and no longer counts. */
const COUNTS_MS = 1_000;

/** Lets so many jobs run at once. One that hangs does not hold up the others. */
export class Limiter {
  readonly #max: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** Nothing runs or waits. */
  get isIdle(): boolean {
    return this.#running === 0;
  }

  async run<T>(job: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#max) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#running++;
    let counts = true;
    const release = () => {
      if (!counts) return;
      counts = false;
      const next = this.#waiting.shift();
      if (next === undefined) this.#running--;
      else next();
    };
    const timer = setTimeout(release, COUNTS_MS);
    try {
      return await job();
    } finally {
      clearTimeout(timer);
      release();
    }
  }
}
