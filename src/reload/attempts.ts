import { codeOf } from '../errors.ts';
import type { Slot } from '../isolate/slot.ts';
import type { Report } from '../status.ts';
import { Attempt, type Save } from './attempt.ts';
import type { PrepareOptions } from './prepare.ts';
import { TransactionError } from './transaction-error.ts';

/** What is being started of each plugin, and gives way to what is saved meanwhile. */
export class Attempts {
  readonly #report: Report;
  readonly #attempts = new Map<Slot, Attempt>();

  constructor(report: Report) {
    this.#report = report;
  }

  /** The files of a plugin, or its configuration, may have changed: what is being started of what they were is given up. */
  newer(slot: Slot, save: Save): void {
    this.#attempts.get(slot)?.newer(save);
  }

  /**
   * Starts a version. If its files change again before it serves, and that takes a while, it is given up, and what they are
   * then is started instead: nothing else happens in between, and what waits goes on waiting.
   */
  async startNewest<T extends PrepareOptions>(
    slot: Slot,
    options: T,
    start: (options: T | PrepareOptions) => Promise<void>,
  ): Promise<void> {
    let present: T | PrepareOptions = options;
    for (let givenUp = 0; ; givenUp++) {
      const config = present.config === undefined ? slot.config : present.config.value;
      const attempt = new Attempt(slot, givenUp, config);
      this.#attempts.set(slot, attempt);
      try {
        await start(present);
        return;
      } catch (cause) {
        if (!isGivenUp(cause)) throw cause;
        if (slot.stopsWanted === 0) this.#reportGivenUp(slot, cause);
        const { place, since, config = present.config } = attempt.newest as Save;
        slot.settleAt(place);
        present = config === undefined ? { since } : { since, config };
      } finally {
        attempt.over();
        this.#attempts.delete(slot);
      }
    }
  }

  #reportGivenUp(slot: Slot, { stage, error }: TransactionError): void {
    const generation = slot.isServing ? slot.current?.number : undefined;
    this.#report('reload-failed', { name: slot.name, stage, error, generation });
  }
}

function isGivenUp(cause: unknown): cause is TransactionError {
  return cause instanceof TransactionError && codeOf(cause.error) === 'ERR_PLUGIN_SUPERSEDED';
}
