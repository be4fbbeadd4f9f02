/** A stream of changes that never pauses is cut after so many quiet times. */
const LONGEST = 10;
/** After so much of the quiet time it is asked whether changes go on of which nothing was heard yet. */
const ALMOST = 0.9;

/** Whether there were changes since then, on the clock of `Date.now()`. */
type GoesOn = (since: number) => Promise<boolean>;

/** Collects hints until nothing has come for `quietMs`, then calls `run` with all of them, and the time when it does. */
export class Debounce {
  readonly #quietMs: number;
  readonly #run: (hints: ReadonlySet<string>, at: number) => void;
  readonly #goesOn: GoesOn | undefined;
  #hints = new Set<string>();
  #since = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param goesOn if there were changes of which nothing was heard, they count as a hint */
  constructor(quietMs: number, run: (hints: ReadonlySet<string>, at: number) => void, goesOn?: GoesOn) {
    this.#quietMs = quietMs;
    this.#run = run;
    this.#goesOn = goesOn;
  }

  hint(paths: Iterable<string>): void {
    const now = performance.now();
    if (this.#timer === undefined) this.#since = now;
    for (const path of paths) this.#hints.add(path);
    const left = Math.max(0, this.#since + this.#quietMs * LONGEST - now);
    const goesOn = this.#goesOn;
    const at = Date.now();
    if (goesOn === undefined || left < this.#quietMs)
      this.#wait(Math.min(this.#quietMs, left), () => this.#fire());
    else this.#wait(this.#quietMs * ALMOST, () => this.#ask(goesOn, now, at));
  }

  /** Forgets what was collected. */
  cancel(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#hints = new Set();
  }

  #wait(ms: number, then: () => unknown): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(then, ms);
  }

  async #ask(goesOn: GoesOn, hintedAt: number, since: number): Promise<void> {
    const timer = this.#timer;
    const hasChanged = await goesOn(since).catch(() => false);
    if (this.#timer !== timer) return;
    if (hasChanged) this.hint([]);
    else this.#wait(Math.max(0, hintedAt + this.#quietMs - performance.now()), () => this.#fire());
  }

  #fire(): void {
    const hints = this.#hints;
    this.cancel();
    this.#run(hints, performance.now());
  }
}
