import type { Generation } from '../isolate/generation.ts';
import type { Slot } from '../isolate/slot.ts';

/** How often the host looks for signs of life, ms. One timer for all plugins, while there are any. */
const LOOK_MS = 250;
/** Those at rest, until something is asked of them, it looks at only every so many looks: many idle plugins should cost next to nothing. */
const LOOKS_AT_REST = 4;
/** They work for less of the time than this. */
const AT_REST = 0.01;
/** One that stands still for a snapshot of its heap may do so for so many times its `hangMs`. */
const TIMES_STANDING_STILL = 10;

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
  /** At the last look the host itself kept it from showing signs of life. */
  stoodStill: boolean;
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
  /** All are at rest, and so is the timer. */
  #isQuiet = true;

  constructor(host: WatchdogHost) {
    this.#host = host;
  }

  watch(slot: Slot, generation: Generation): void {
    const { hangMs } = slot.options;
    const watched = { slot, hangMs, silence: undefined, stoodStill: false, rests: 0, isAsked: false };
    this.#watched.set(generation, watched);
    void generation.ended.then(() => this.#forget(generation));
    this.#rouse(watched);
  }

  #rouse(watched: Watched): void {
    watched.rests = 0;
    if (!this.#isQuiet) return;
    this.#isQuiet = false;
    this.#plan(LOOK_MS);
  }

  /** A function of its own, since the timer keeps what its callback can see, which must not be a generation. */
  #plan(inMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#look(), inMs);
    this.#timer.unref();
  }

  #forget(generation: Generation): void {
    this.#watched.delete(generation);
    if (this.#watched.size > 0) return;
    clearTimeout(this.#timer);
    this.#isQuiet = true;
  }

  #look(): void {
    const now = performance.now();
    const sinceLastLookMs = now - this.#lastLook;
    this.#lastLook = now;
    this.#isQuiet = true;
    for (const [generation, watched] of this.#watched) {
      if (watched.rests > 0) watched.rests--;
      else this.#lookAt(generation, watched, sinceLastLookMs);
    }
    if (this.#isQuiet) for (const watched of this.#watched.values()) watched.rests = 0;
    this.#plan(this.#isQuiet ? LOOK_MS * LOOKS_AT_REST : LOOK_MS);
  }

  #lookAt(generation: Generation, watched: Watched, sinceLastLookMs: number): void {
    generation.look();
    const standsStill = generation.heapSnapshots.isTaking;
    const before = watched.stoodStill === standsStill ? watched.silence : undefined;
    watched.stoodStill = standsStill;
    watched.silence = measureSilence(before, generation.pulse, sinceLastLookMs);
    const { silentMs } = watched.silence;
    generation.silence.lasts(standsStill ? 0 : silentMs);
    if (silentMs > 0 || (generation.usage?.loopUtilization ?? 1) >= AT_REST) this.#isQuiet = false;
    else {
      watched.rests = LOOKS_AT_REST - 1;
      generation.workload.onceBusy(() => this.#rouse(watched));
    }
    this.#host.looked(watched.slot, generation);
    const patienceMs = watched.hangMs * (standsStill ? TIMES_STANDING_STILL : 1);
    if (watched.hangMs > 0 && silentMs >= patienceMs && !watched.isAsked) void this.#ask(generation, watched);
  }

  async #ask(generation: Generation, watched: Watched): Promise<void> {
    watched.isAsked = true;
    await this.#host.hung(generation, watched.hangMs);
    watched.silence = undefined;
    watched.isAsked = false;
  }
}
