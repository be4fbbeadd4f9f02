import { BulkheadError } from '../errors.ts';
import type { Patience } from '../isolate/patience.ts';
import type { StateStore } from '../options.ts';

/** So long a store may take to say which plugins are disabled, ms: as long as the state of one may take by default. */
const STORE_MS = 30_000;

/** Which plugins are disabled, as the state store has it. */
export class DisabledPlugins {
  readonly #store: StateStore;
  readonly #patience: Patience;
  #ids: Promise<Set<string>> | undefined;

  constructor(store: StateStore, patience: Patience) {
    this.#store = store;
    this.#patience = patience;
  }

  /** Read once; what failed is tried again by the next call. */
  async has(id: string): Promise<boolean> {
    this.#ids ??= this.#read();
    const ids = this.#ids;
    try {
      return (await ids).has(id);
    } catch (error) {
      if (this.#ids === ids) this.#ids = undefined;
      throw error;
    }
  }

  set(id: string, disabled: boolean): void {
    this.#store.setDisabled(id, disabled);
    this.#ids?.then(
      (ids) => (disabled ? ids.add(id) : ids.delete(id)),
      () => {},
    );
  }

  async #read(): Promise<Set<string>> {
    const late = (ms: number) => {
      const text = `The state store did not say within ${ms} ms which plugins are disabled`;
      return new BulkheadError('ERR_STATE_STORE', text);
    };
    return new Set(await this.#patience.wait(this.#store.loadDisabled(), STORE_MS, late));
  }
}
