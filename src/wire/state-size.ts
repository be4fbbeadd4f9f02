import { LIMITS } from './frames.ts';
import { measure } from './measure.ts';

/** About how many bytes the state of a plugin holds, kept up to date write by write. */
export class StateSize {
  readonly #entries = new Map<string, number>();
  #total = 0;

  get total(): number {
    return this.#total;
  }

  /** What it would be after this write. */
  with(key: string, bytes: number): number {
    return this.#total - (this.#entries.get(key) ?? 0) + bytes;
  }

  set(key: string, bytes: number): void {
    this.#total = this.with(key, bytes);
    this.#entries.set(key, bytes);
  }

  delete(key: string): void {
    this.#total -= this.#entries.get(key) ?? 0;
    this.#entries.delete(key);
  }

  replace(entries: Iterable<readonly [key: string, value: unknown]>): void {
    this.#entries.clear();
    this.#total = 0;
    for (const [key, value] of entries) this.set(key, entryBytes(key, value));
  }
}

/** About how many bytes one entry holds. */
export function entryBytes(key: string, value: unknown): number {
  return key.length * 2 + measure(value, LIMITS.frameBytes);
}
