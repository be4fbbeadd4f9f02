import { BulkheadError } from '../errors.ts';
import { Patience } from '../isolate/patience.ts';
import type { PluginTable } from '../reload/plugin-table.ts';

/** Whether plugins may be started: not while all are unloaded, and what was begun before that does not go on after it. */
export class Openness {
  /** How long to wait for what concerns no single plugin, such as the state store. */
  readonly patience = new Patience();
  readonly #table: PluginTable;
  #epoch = 0;
  #closing: Promise<void> | undefined;

  constructor(table: PluginTable) {
    this.#table = table;
  }

  get isOpen(): boolean {
    return this.#closing === undefined;
  }

  /** Raised by each closing. */
  get epoch(): number {
    return this.#epoch;
  }

  /** @throws {BulkheadError} `ERR_MANAGER_CLOSED` */
  check(): void {
    if (this.isOpen) return;
    throw new BulkheadError('ERR_MANAGER_CLOSED', 'Everything is being unloaded; wait for unloadAll() first');
  }

  /**
   * For what was begun in that epoch. If another has come since, what was discovered for it is forgotten.
   *
   * @throws {BulkheadError} `ERR_MANAGER_CLOSED`
   */
  checkSince(epoch: number): void {
    this.check();
    if (this.#epoch === epoch) return;
    for (const slot of [...this.#table]) if (slot.lifecycle.state === 'discovered') this.#table.remove(slot);
    throw new BulkheadError('ERR_MANAGER_CLOSED', 'Everything was unloaded while this was under way');
  }

  /**
   * Is closed until everything has ended. If that is under way, it is only waited for.
   *
   * @param timeoutMs limits the patience until then
   */
  close(timeoutMs: number, endAll: () => Promise<void>): Promise<void> {
    this.patience.limit(timeoutMs);
    if (this.#closing === undefined) {
      this.#epoch++;
      this.#closing = endAll().finally(() => {
        this.#closing = undefined;
        this.patience.unlimited();
      });
    }
    return this.#closing;
  }
}
