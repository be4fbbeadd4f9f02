import { BulkheadError } from '../errors.ts';
import type { ForwardedState, StateChange, StateEntries, StateNote } from '../wire/messages.ts';
import { snapshot } from '../wire/snapshot.ts';
import type { PluginState } from './api.ts';

/** The plugin's copy of its state. Reads are local; every write leaves at once, because the thread may end at any time. */
export class RuntimeState implements PluginState {
  #entries = new Map<string, unknown>();
  readonly #send: (note: StateNote) => void;
  /** For each key the number of the last write made here. */
  readonly #written = new Map<string, number>();
  #seq = 0;

  constructor(send: (note: StateNote) => void) {
    this.#send = send;
  }

  load(entries: StateEntries): void {
    this.#entries = new Map(entries);
  }

  /**
   * Takes over a write that another generation of the plugin made while both serve, unless a write made here comes after
   * it in the host's order: that one is still on its way.
   */
  apply(change: ForwardedState): void {
    if (change.op === 'clear' || (this.#written.get(change.key) ?? 0) > change.seen) return;
    if (change.op === 'set') this.#entries.set(change.key, change.value);
    else this.#entries.delete(change.key);
  }

  get<T>(key: string): T | undefined {
    return snapshot(this.#entries.get(key), key) as T | undefined;
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  set(key: string, value: unknown): void {
    if (typeof key !== 'string') {
      throw new BulkheadError(
        'ERR_INVALID_ARGUMENT',
        `ctx.state.set needs a string as key, got ${typeof key}`,
      );
    }
    const copy = snapshot(value, `state '${key}'`);
    this.#entries.set(key, copy);
    this.#write({ op: 'set', key, value: copy });
  }

  delete(key: string): boolean {
    const had = this.#entries.delete(key);
    if (had) this.#write({ op: 'delete', key });
    return had;
  }

  /** The host forgets everything when it reads this: at the same place among the writes as here. */
  clear(): void {
    this.#entries.clear();
    this.#write({ op: 'clear' });
  }

  update<T>(key: string, change: (current: T | undefined) => T): T {
    const value = change(this.get<T>(key));
    this.set(key, value);
    return value;
  }

  entries(): [string, unknown][] {
    return [...this.#entries].map(([key, value]) => [key, snapshot(value, key)]);
  }

  #write(change: StateChange): void {
    const seq = ++this.#seq;
    if (change.op !== 'clear') this.#written.set(change.key, seq);
    this.#send({ ...change, seq });
  }
}
