import { BulkheadError, invalidArgument } from '../errors.ts';
import { MIB } from '../units.ts';
import type { ForwardedState, StateChange, StateEntries, StateNote } from '../wire/messages.ts';
import { snapshot } from '../wire/snapshot.ts';
import { entryBytes, StateSize } from '../wire/state-size.ts';
import type { PluginState } from './api.ts';

/** The plugin's copy of its state. Reads are local; every write leaves at once, because the thread may end at any time. */
export class RuntimeState implements PluginState {
  #entries = new Map<string, unknown>();
  readonly #send: (note: StateNote) => void;
  /** For each key the number of the last write made here. */
  readonly #written = new Map<string, number>();
  readonly #size = new StateSize();
  #limit = Number.POSITIVE_INFINITY;
  #seq = 0;
  #sentBytes = 0;
  #readBytes = 0;

  constructor(send: (note: StateNote) => void) {
    this.#send = send;
  }

  /** How large it may become, and how much of what was written may wait for the host, bytes. */
  limit(bytes: number): void {
    this.#limit = bytes;
  }

  /** The host has read so much of all that was written. */
  wasRead(bytes: number): void {
    this.#readBytes = bytes;
  }

  load(entries: StateEntries): void {
    this.#entries = new Map(entries);
    this.#size.replace(entries);
  }

  /**
   * Takes over a write that another generation of the plugin made while both serve, unless a write made here comes after
   * it in the host's order: that one is still on its way.
   */
  apply(change: ForwardedState): void {
    if (change.op === 'clear' || (this.#written.get(change.key) ?? 0) > change.seen) return;
    if (change.op === 'set') this.#set(change.key, change.value, entryBytes(change.key, change.value));
    else this.#delete(change.key);
  }

  get<T>(key: string): T | undefined {
    return snapshot(this.#entries.get(key), key) as T | undefined;
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  set(key: string, value: unknown): void {
    if (typeof key !== 'string') {
      throw invalidArgument(`ctx.state.set needs a string as key, got ${typeof key}`);
    }
    if (value === undefined) {
      this.delete(key);
      return;
    }
    const copy = snapshot(value, `state '${key}'`, 'keep');
    const bytes = entryBytes(key, copy);
    this.#checkLimit(key, bytes);
    this.#set(key, copy, bytes);
    this.#write({ op: 'set', key, value: copy }, bytes);
  }

  delete(key: string): boolean {
    const had = this.#delete(key);
    if (had) this.#write({ op: 'delete', key }, key.length);
    return had;
  }

  /** The host forgets everything when it reads this: at the same place among the writes as here. */
  clear(): void {
    this.load([]);
    this.#write({ op: 'clear' }, 0);
  }

  update<T>(key: string, change: (current: T | undefined) => T): T {
    if (typeof change !== 'function') {
      const text = `ctx.state.update needs a function, got ${typeof change}`;
      throw invalidArgument(text);
    }
    const value = change(this.get<T>(key));
    this.set(key, value);
    return value;
  }

  entries(): [string, unknown][] {
    return [...this.#entries].map(([key, value]) => [key, snapshot(value, key)]);
  }

  #set(key: string, value: unknown, bytes: number): void {
    this.#entries.set(key, value);
    this.#size.set(key, bytes);
  }

  #delete(key: string): boolean {
    this.#size.delete(key);
    return this.#entries.delete(key);
  }

  #checkLimit(key: string, bytes: number): void {
    const limit = `'limits.stateMb' (${this.#limit / MIB} MiB)`;
    const size = this.#size.with(key, bytes);
    if (size > this.#limit && size > this.#size.total)
      throw stateLimit(`ctx.state would grow to ${toMb(size)} MiB with '${key}', over ${limit}`);
    const waiting = this.#sentBytes - this.#readBytes;
    if (waiting > this.#limit) {
      const text = `${toMb(waiting)} MiB of writes wait for the host already, more than ${limit}`;
      throw stateLimit(
        `'${key}' was not written: ${text}; write less often, or return to the event loop in between`,
      );
    }
  }

  #write(change: StateChange, bytes: number): void {
    const seq = ++this.#seq;
    this.#sentBytes += bytes;
    if (change.op !== 'clear') this.#written.set(change.key, seq);
    this.#send({ ...change, seq, bytes });
  }
}

function stateLimit(text: string): BulkheadError {
  return new BulkheadError('ERR_STATE_LIMIT', text);
}

function toMb(bytes: number): string {
  return (bytes / MIB).toFixed(1);
}
