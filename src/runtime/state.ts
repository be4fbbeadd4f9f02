import { BulkheadError } from '../errors.ts';
import type { StateEntries, StateNote } from '../wire/messages.ts';
import { snapshot } from '../wire/snapshot.ts';
import type { PluginState } from './api.ts';

/** The plugin's copy of its state. Reads are local; every write leaves at once, because the thread may end at any time. */
export class RuntimeState implements PluginState {
  #entries = new Map<string, unknown>();
  readonly #send: (note: StateNote) => void;

  constructor(send: (note: StateNote) => void) {
    this.#send = send;
  }

  load(entries: StateEntries): void {
    this.#entries = new Map(entries);
  }

  /** Takes over a write that another generation of the plugin made while both serve. */
  apply(note: StateNote): void {
    if (note.op === 'set') this.#entries.set(note.key, note.value);
    else this.#entries.delete(note.key);
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
    this.#send({ op: 'set', key, value: copy });
  }

  delete(key: string): boolean {
    const had = this.#entries.delete(key);
    if (had) this.#send({ op: 'delete', key });
    return had;
  }

  update<T>(key: string, change: (current: T | undefined) => T): T {
    const value = change(this.get<T>(key));
    this.set(key, value);
    return value;
  }

  entries(): [string, unknown][] {
    return [...this.#entries].map(([key, value]) => [key, snapshot(value, key)]);
  }
}
