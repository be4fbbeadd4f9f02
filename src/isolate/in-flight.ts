import { chainHas, type Invocation } from './work.ts';

/** What a generation is working on, by number. */
export class InFlight {
  readonly #invocations = new Map<number, Invocation>();
  readonly #waiters = new Set<() => void>();
  #last = 0;
  #onBusy: (() => void) | undefined;

  get size(): number {
    return this.#invocations.size;
  }

  get(number: number): Invocation | undefined {
    return this.#invocations.get(number);
  }

  /** @returns the number under which it is known from now on. */
  add(invocation: Invocation): number {
    const number = ++this.#last;
    this.#invocations.set(number, invocation);
    this.#onBusy?.();
    return number;
  }

  /** Calls it once, when there is something under way. */
  onceBusy(begin: () => void): void {
    this.#onBusy = () => {
      this.#onBusy = undefined;
      begin();
    };
    if (this.size > 0) this.#onBusy();
  }

  /** @returns what it was, if it was still under way. */
  remove(number: number): Invocation | undefined {
    const invocation = this.#invocations.get(number);
    if (invocation === undefined) return undefined;
    this.#invocations.delete(number);
    invocation.isOver = true;
    this.wake();
    return invocation;
  }

  /** Those of a kind that nobody waits for any more. */
  removeKind(kind: Invocation['kind']): void {
    for (const [number, invocation] of this.#invocations) if (invocation.kind === kind) this.remove(number);
  }

  removeAll(): Invocation[] {
    const all = [...this.#invocations.values()];
    for (const invocation of all) invocation.isOver = true;
    this.#invocations.clear();
    this.wake();
    return all;
  }

  /**
   * Resolves when nothing is under way, not counting what `except` is done on behalf of; {@link wake} says when that has
   * grown.
   */
  idle(except: ReadonlySet<Invocation>): Promise<void> {
    return new Promise((resolve) => {
      const check = () => {
        for (const invocation of this.#invocations.values()) {
          if (![...except].some((each) => chainHas(each, (link) => link === invocation))) return;
        }
        this.#waiters.delete(check);
        resolve();
      };
      this.#waiters.add(check);
      check();
    });
  }

  wake(): void {
    if (this.#waiters.size === 0) return;
    for (const check of [...this.#waiters]) check();
  }
}
