import type { StateStore, StoredState } from '../options.ts';
import type { StateChange, StateEntries } from '../wire/messages.ts';
import { entryBytes, StateSize } from '../wire/state-size.ts';

/** The state of one plugin, in the host, whichever generation writes it. */
export class SlotState {
  readonly #id: string;
  readonly #store: StateStore;
  #version: number | undefined;
  #isLoaded = false;
  #entries = new Map<string, unknown>();
  readonly #size = new StateSize();

  constructor(id: string, store: StateStore) {
    this.#id = id;
    this.#store = store;
  }

  /** The version its entries have; `undefined` as long as there is none. */
  get version(): number | undefined {
    return this.#version;
  }

  /** Reads the store, once; what failed is tried again by the next call. */
  async load(): Promise<void> {
    if (this.#isLoaded) return;
    const stored = await this.#store.load(this.#id);
    // It may have taken so long that it was asked again, and the plugin has written since.
    if (this.#isLoaded) return;
    this.#isLoaded = true;
    if (stored === undefined) return;
    this.#version = stored.version;
    this.#take(stored.entries);
  }

  entries(): StateEntries {
    return [...this.#entries];
  }

  get(key: string): unknown {
    return this.#entries.get(key);
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  /**
   * @param limit how large it may become, bytes
   * @throws {RangeError} and nothing was written
   */
  apply(note: StateChange, limit = Number.POSITIVE_INFINITY): void {
    if (note.op === 'clear') {
      this.replace({ version: this.#version ?? 1, entries: [] });
      return;
    }
    if (note.op === 'set') this.#set(note.key, note.value, limit);
    else this.#delete(note.key);
    this.#store.write(this.#id, note.key, note.op === 'set' ? note.value : undefined);
  }

  /** What is there now, to come back to with {@link replace}. */
  save(): StoredState | undefined {
    return this.#version === undefined ? undefined : { version: this.#version, entries: this.entries() };
  }

  replace(state: StoredState | undefined): void {
    if (state === undefined) {
      this.clear();
      return;
    }
    this.#version = state.version;
    this.#take(state.entries);
    this.#store.replace(this.#id, state);
  }

  clear(): void {
    this.#version = undefined;
    this.#take([]);
    this.#store.clear(this.#id);
  }

  #set(key: string, value: unknown, limit: number): void {
    const bytes = entryBytes(key, value);
    const size = this.#size.with(key, bytes);
    if (size > limit && size > this.#size.total)
      throw new RangeError(`its state would grow to ${size} bytes with '${key}', over ${limit}`);
    this.#entries.set(key, value);
    this.#size.set(key, bytes);
  }

  #delete(key: string): void {
    this.#entries.delete(key);
    this.#size.delete(key);
  }

  #take(entries: StateEntries): void {
    this.#entries = new Map(entries);
    this.#size.replace(entries);
  }
}
