import type { Generation } from '../isolate/generation.ts';
import type { Slot } from '../isolate/slot.ts';

/** How often the host looks for signs of life, ms. One timer for all plugins, while there are any. */
const LOOK_MS = 250;
/** One that is at rest is looked at every so many looks: many idle plugins should cost next to nothing. */
const LOOKS_AT_REST = 4;
/** It is at rest if it works for less of the time, and nothing is asked of it. */
const AT_REST = 0.01;

/** What is known of one. */
export interface Silence {
  count: number;
  /** How long there was no sign, ms, counted in the host's own looks. */
  silentMs: number;
}

/**
 * A stall of the host, or of the whole process, counts as one look, however long it was: the thread may have stood still
 * with it, or may have worked all the time.
 */
export function measureSilence(before: Silence | undefined, count: number, sinceLastLookMs: number): Silence {
  if (before === undefined || before.count !== count) return { count, silentMs: 0 };
  return { count, silentMs: before.silentMs + Math.min(sinceLastLookMs, LOOK_MS) };
}

export interface WatchdogHost {
  /** It has been silent for its `hangMs`. Called again, a `hangMs` after the promise, while it lives and is silent. */
  hung(generation: Generation, hangMs: number): Promise<void>;
  /** At every look. */
  looked(slot: Slot, generation: Generation): void;
}

interface Watched {
  slot: Slot;
  hangMs: number;
  silence: Silence | undefined;
  /** How many looks it may still rest. */
  rests: number;
  /** The host is asking it where it is stuck. */
  isAsked: boolean;
}

/** Notices generations whose event loop stands still. */
export class Watchdog {
  readonly #host: WatchdogHost;
  readonly #watched = new Map<Generation, Watched>();
  #timer: NodeJS.Timeout | undefined;
  #lastLook = 0;

  constructor(host: WatchdogHost) {
    this.#host = host;
  }

  watch(slot: Slot, generation: Generation): void {
    const { hangMs } = slot.options;
    this.#watched.set(generation, { slot, hangMs, silence: undefined, rests: 0, isAsked: false });
    void generation.ended.then(() => this.#forget(generation));
    if (this.#timer === undefined) this.#start();
  }

  /** A function of its own, since the timer keeps what its callback can see, which must not be a generation. */
  #start(): void {
    this.#lastLook = performance.now();
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
    this.#timer.unref();
  }

  #forget(generation: Generation): void {
    this.#watched.delete(generation);
    if (this.#watched.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #look(): void {
    const now = performance.now();
    const sinceLastLookMs = now - this.#lastLook;
    this.#lastLook = now;
    for (const [generation, watched] of this.#watched) {
      if (watched.rests-- > 0 && generation.busyWith === 0) continue;
      generation.look();
      const before = generation.standsStill ? undefined : watched.silence;
      watched.silence = measureSilence(before, generation.pulse, sinceLastLookMs);
      const { silentMs } = watched.silence;
      generation.silent(silentMs);
      watched.rests = silentMs === 0 && generation.usage.loopUtilization < AT_REST ? LOOKS_AT_REST - 1 : 0;
      this.#host.looked(watched.slot, generation);
      if (watched.hangMs > 0 && silentMs >= watched.hangMs && !watched.isAsked)
        void this.#ask(generation, watched);
    }
  }

  async #ask(generation: Generation, watched: Watched): Promise<void> {
    watched.isAsked = true;
    await this.#host.hung(generation, watched.hangMs);
    watched.silence = undefined;
    watched.isAsked = false;
  }
}
