import type { Slot } from '../isolate/slot.ts';
import type { Report } from '../status.ts';
import { Attempt, type Save } from './attempt.ts';
import type { PrepareOptions } from './prepare.ts';
import { TransactionError } from './transaction-error.ts';

export interface AttemptsHost {
  readonly report: Report;
  /** Those of earlier versions count no more. */
  forgetCrashes(slot: Slot): void;
}

/** What is being started of each plugin, and gives way to what is saved meanwhile. */
export class Attempts {
  readonly #host: AttemptsHost;
  readonly #attempts = new Map<Slot, Attempt>();

  constructor(host: AttemptsHost) {
    this.#host = host;
  }

  /** The files of a plugin may have changed: what is being started of what they were is given up. */
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
      const attempt = new Attempt(slot, givenUp);
      this.#attempts.set(slot, attempt);
      try {
        await start(present);
        return;
      } catch (cause) {
        const save = attempt.givenUpFor;
        if (save === undefined || !(cause instanceof TransactionError)) throw cause;
        if (slot.stopsWanted === 0) this.#reportGivenUp(slot, cause);
        if (save.place !== undefined) slot.settleAt(save.place);
        this.#host.forgetCrashes(slot);
        const { config } = present;
        present = { since: save.since, ...(config && { config }) };
      } finally {
        attempt.over();
        this.#attempts.delete(slot);
      }
    }
  }

  #reportGivenUp(slot: Slot, { stage, error }: TransactionError): void {
    const generation = slot.isServing ? slot.current?.number : undefined;
    this.#host.report('reload-failed', { name: slot.name, stage, error, generation });
  }
}
