import type { EventLoopUtilization } from 'node:perf_hooks';
import type { Vitals } from '../wire/vitals.ts';

/** Its memory is looked at again after it has worked for so long, ms: an idle plugin uses no more than before. */
const WORK_MS = 2;
/** How much the last look counts in the average of the loop's utilisation. */
const WEIGHT = 0.2;

/**
 * Signs of life of a thread. One that is idle is not woken for them: the time that its event loop has waited, which can
 * be read from outside, grows only if it turns. Where that does not grow, the thread is busy or stuck, and is asked
 * for a heartbeat.
 */
export class Pulse {
  readonly #vitals: Vitals;
  readonly #ask: () => void;
  #count = 0;
  #beats = 0;
  #loop: EventLoopUtilization = { idle: 0, active: 0, utilization: 0 };
  #utilization = 0;
  /** How long it had worked when it was last asked, ms. */
  #activeWhenAsked = 0;
  #isAsked = false;

  /** @param ask makes the thread beat as soon as its event loop turns */
  constructor(vitals: Vitals, ask: () => void) {
    this.#vitals = vitals;
    this.#ask = ask;
  }

  /** Counts up with every sign of life that was seen. */
  get count(): number {
    return this.#count;
  }

  /** How much of the time its event loop was busy, 0 to 1, over about the last ten looks. */
  get utilization(): number {
    return this.#utilization;
  }

  /** @param loop of the thread, since it started */
  look(loop: EventLoopUtilization): void {
    const { beats } = this.#vitals;
    const hasWaited = loop.idle > this.#loop.idle;
    const hasBeaten = beats !== this.#beats;
    const idleMs = loop.idle - this.#loop.idle;
    const activeMs = loop.active - this.#loop.active;
    if (activeMs + idleMs > 0)
      this.#utilization += (activeMs / (activeMs + idleMs) - this.#utilization) * WEIGHT;
    this.#loop = loop;
    this.#beats = beats;
    if (hasWaited || hasBeaten) this.#count++;
    if (hasBeaten) this.#isAsked = false;
    if (this.#isAsked || (hasWaited && loop.active - this.#activeWhenAsked < WORK_MS)) return;
    this.#isAsked = true;
    this.#activeWhenAsked = loop.active;
    this.#ask();
  }
}
