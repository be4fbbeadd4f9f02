/**
 * Lets so many jobs run at once; the others wait, in order. (piscina has a queue too, but what waits there is forgotten when
 * the thread ends that it waits for: with a job that exits, throws later, or is aborted.)
 */
export class JobQueue {
  readonly #max: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** How many run or wait. */
  get size(): number {
    return this.#running + this.#waiting.length;
  }

  /** @param signal ends the waiting; to end the job is its own matter */
  async run<T>(job: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    signal?.throwIfAborted();
    if (this.#running >= this.#max) await this.#turn(signal);
    else this.#running++;
    try {
      return await job();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running--;
      else next();
    }
  }

  #turn(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const begin = () => {
        signal?.removeEventListener('abort', giveUp);
        resolve();
      };
      const giveUp = () => {
        this.#waiting.splice(this.#waiting.indexOf(begin), 1);
        reject(signal?.reason);
      };
      signal?.addEventListener('abort', giveUp, { once: true });
      this.#waiting.push(begin);
    });
  }
}
