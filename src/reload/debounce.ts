/** A stream of changes that never pauses is cut after so many quiet times. */
const LONGEST = 10;

/** Collects hints until nothing has come for `quietMs`, then calls `run` with all of them, and the time when it does. */
export class Debounce {
  readonly #quietMs: number;
  readonly #run: (hints: ReadonlySet<string>, at: number) => void;
  #hints = new Set<string>();
  #since = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(quietMs: number, run: (hints: ReadonlySet<string>, at: number) => void) {
    this.#quietMs = quietMs;
    this.#run = run;
  }

  hint(paths: Iterable<string>): void {
    const now = performance.now();
    if (this.#timer === undefined) this.#since = now;
    for (const path of paths) this.#hints.add(path);
    clearTimeout(this.#timer);
    const left = this.#since + this.#quietMs * LONGEST - now;
    this.#timer = setTimeout(() => this.#fire(), Math.max(0, Math.min(this.#quietMs, left)));
  }

  /** Forgets what was collected. */
  cancel(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#hints = new Set();
  }

  #fire(): void {
    const hints = this.#hints;
    this.#timer = undefined;
    this.#hints = new Set();
    this.#run(hints, performance.now());
  }
}
