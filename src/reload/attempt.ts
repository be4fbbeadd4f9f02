import { BulkheadError } from '../errors.ts';
import type { Generation } from '../isolate/generation.ts';
import type { Slot } from '../isolate/slot.ts';
import type { Place } from '../source/discover.ts';

/** A start is let alone for so long from its beginning, ms: nearly all have ended by then. */
const LEAST_MS = 1_000;
/** How often it is looked whether the version that is on its way has begun to start. */
const LOOK_MS = 100;

/** What there is to start instead of what is being started. */
export interface Save {
  /** Where the plugin lies, if it may have moved. */
  place?: Place;
  /** When that was noticed, on the clock of `performance.now()`. */
  since: number;
}

/**
 * How long a start is let alone, ms, after so many in a row that were given up: twice as long each time, so that a stream of
 * saves does not keep a slow one from its end for ever.
 */
export function letAloneMs(givenUp: number): number {
  return LEAST_MS * 2 ** givenUp;
}

/** One version on its way to serve: while it is started, a save can give it up. */
export class Attempt {
  readonly #slot: Slot;
  readonly #until: number;
  #newest: Save | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;
  #isGivenUp = false;

  /** @param givenUp how many in a row were, before this one */
  constructor(slot: Slot, givenUp: number) {
    this.#slot = slot;
    this.#until = performance.now() + letAloneMs(givenUp);
  }

  /** The save that it was given up for; `undefined` if it was not. */
  get givenUpFor(): Save | undefined {
    return this.#isGivenUp ? this.#newest : undefined;
  }

  /** Its files may be others by now. */
  newer(save: Save): void {
    this.#newest = { ...this.#newest, ...save };
    if (this.#timer === undefined) this.#lookIn(this.#until - performance.now());
  }

  over(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
  }

  #lookIn(ms: number): void {
    this.#timer = setTimeout(() => void this.#look(), Math.max(0, ms));
  }

  async #look(): Promise<void> {
    const slot = this.#slot;
    const { next } = slot;
    const save = this.#newest as Save;
    // Without one it is being built, and may be made of the newest files; or the version before is being torn down.
    const isOutOfDate = next !== undefined && (await this.#differsFrom(save));
    if (this.#isOver) return;
    if (isOutOfDate && slot.next === next) {
      this.#isGivenUp = true;
      next.end({ kind: 'requested', text: 'its files changed again' }, () => superseded(slot, next));
    } else if (next === undefined || isOutOfDate || save !== this.#newest) this.#lookIn(LOOK_MS);
    else this.#timer = undefined;
  }

  async #differsFrom({ place }: Save): Promise<boolean> {
    const slot = this.#slot;
    return (place !== undefined && !slot.liesAt(place)) || (await slot.acted?.compare()) === 'changed';
  }
}

function superseded({ name }: Slot, { number }: Generation): BulkheadError {
  const text = 'its files changed again; it is given up for what they are now';
  return new BulkheadError('ERR_PLUGIN_SUPERSEDED', text, { plugin: name, generation: number });
}
