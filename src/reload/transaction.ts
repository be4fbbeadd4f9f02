import { asError, PluginReloadedError, PluginStoppedError } from '../errors.ts';
import type { Generation } from '../isolate/generation.ts';
import type { Slot } from '../isolate/slot.ts';
import type { StoredState } from '../options.ts';
import type { Build } from '../source/build.ts';
import type { RecycleReason } from '../status.ts';
import { type ActivationHost, activate } from './activation.ts';
import { Attempts, type AttemptsHost } from './attempts.ts';
import { overlapState } from './overlap-state.ts';
import type { Preparation, Prepared, PrepareOptions } from './prepare.ts';
import { withSecondStart } from './second-start.ts';
import { unlessStuck, windDown } from './wind-down.ts';

export interface TransactionHost extends ActivationHost, AttemptsHost {
  readonly preparation: Preparation;
}

export interface ReloadOptions extends PrepareOptions {
  /** It is replaced because of the memory it uses, with the build it has. */
  recycle?: { reason: RecycleReason; text: string };
}

/** With `overlap`: how long the old generation may take to say that it has what was sent to it; it may be busy. */
const RECEIVED_MS = 1_000;
/** How many accepted builds are kept to roll back to. */
const HISTORY = 5;

/** Moves slots from one generation to the next, and to their end. The caller holds the slot's lock. */
export class Transactions {
  readonly attempts: Attempts;
  readonly #host: TransactionHost;

  constructor(host: TransactionHost) {
    this.#host = host;
    this.attempts = new Attempts(host);
  }

  /**
   * Starts a plugin that does not run. A failure of a first load in prepare leaves it `failed`; any other is left to the
   * caller, in state `preparing` or `starting`.
   */
  async load(slot: Slot, options: ReloadOptions = {}): Promise<void> {
    const { builds } = slot;
    await this.attempts.startNewest(slot, options, async (options: ReloadOptions) => {
      const since = performance.now();
      beginPreparing(slot);
      const prepared = await this.#host.preparation.prepare(slot, options);
      await this.#start(slot, prepared, options);
      const { number, metadata } = prepared.generation;
      this.#host.report('loaded', {
        name: slot.name,
        generation: number,
        version: metadata.version,
        loadMs: performance.now() - since,
      });
    });
    this.#discardUnused(slot, builds);
  }

  /** The story of a reload: prepare, swap, retire. On failure the old version serves, or is brought back. */
  async reload(slot: Slot, options: ReloadOptions = {}): Promise<void> {
    const { builds, current, accepted } = slot;
    try {
      await this.attempts.startNewest(slot, options, async (options: ReloadOptions) => {
        const since = options.since ?? performance.now();
        const { generation } = await withSecondStart(slot, () => this.#replace(slot, options));
        this.#reportSwap(slot, generation, since, options);
      });
    } catch (error) {
      const isDown = slot.lifecycle.state === 'reloading' && slot.stopsWanted === 0;
      if (isDown && accepted !== undefined) await this.#bringBack(slot, accepted);
      throw error;
    }
    if (current !== undefined) await this.#retire(slot, current);
    this.#discardUnused(slot, builds);
  }

  /** Ends a plugin: what is under way may finish, teardown runs, then its thread ends. */
  async stop(slot: Slot): Promise<void> {
    const { current } = slot;
    if (current?.isAlive) {
      slot.lifecycle.moveTo('stopping');
      const stopped = () => new PluginStoppedError(slot.name, current.number);
      slot.inbox.close(stopped, 'stopped');
      this.#host.schedules.rest(slot);
      await windDown(slot, current, stopped);
      current.end({ kind: 'requested', text: 'it was stopped' }, stopped);
      await current.ended;
    }
    this.#host.schedules.rest(slot);
    slot.stopped();
  }

  #reportSwap(slot: Slot, { number, metadata }: Generation, since: number, { recycle }: ReloadOptions): void {
    const { name } = slot;
    const pauseMs = slot.inbox.lastPauseMs;
    if (recycle !== undefined) {
      this.#host.report('recycled', { name, generation: number, ...recycle, pauseMs });
      return;
    }
    slot.reloads++;
    this.#host.report('reloaded', {
      name,
      generation: number,
      version: metadata.version,
      saveToServingMs: performance.now() - since,
      pauseMs,
    });
  }

  async #replace(slot: Slot, options: ReloadOptions): Promise<Prepared> {
    const prepared = await this.#host.preparation.prepare(slot, options);
    await this.#swap(slot, prepared, options);
    return prepared;
  }

  async #swap(slot: Slot, prepared: Prepared, options: ReloadOptions): Promise<void> {
    const { current } = slot;
    // The version before is down already: another was given up that was to follow it.
    if (slot.lifecycle.state === 'reloading') await this.#activate(slot, prepared, options);
    else if (!slot.isServing || current === undefined) {
      beginPreparing(slot);
      await this.#start(slot, prepared, options);
    } else if (this.#canOverlap(slot, prepared, options)) {
      await this.#overlap(slot, prepared, current, options);
    } else await this.#handover(slot, prepared, current, options);
  }

  #canOverlap(slot: Slot, { generation }: Prepared, options: ReloadOptions): boolean {
    if (generation.metadata.swap !== 'overlap' || options.state !== undefined) return false;
    if (generation.metadata.stateVersion === slot.state.version) return true;
    const text = `swap: 'overlap' needs the same state.version; this reload is a handover`;
    slot.log({ level: 'warn', fields: {}, text });
    return false;
  }

  async #handover(
    slot: Slot,
    prepared: Prepared,
    previous: Generation,
    options: ReloadOptions,
  ): Promise<void> {
    slot.lifecycle.moveTo('reloading');
    slot.inbox.pause(previous);
    this.#host.schedules.rest(slot);
    await windDown(slot, previous, () => replaced(slot, previous));
    try {
      await this.#activate(slot, prepared, options);
    } catch (error) {
      end(slot, previous);
      if (slot.stopsWanted > 0) await previous.ended;
      throw error;
    }
  }

  /** Starts the old build again, as a new generation, after the setup of the new version failed. */
  async #bringBack(slot: Slot, build: Build): Promise<void> {
    // It may hold a port until then.
    await slot.current?.ended;
    try {
      const prepared = await this.#host.preparation.prepare(slot, { build });
      await this.#activate(slot, prepared, { build });
    } catch (error) {
      // Only logged: the caller throws why the new version failed, which is what matters.
      const text = `The version before could not be started again either: ${asError(error).message}`;
      slot.log({ level: 'error', fields: { err: error }, text });
    }
  }

  async #overlap(
    slot: Slot,
    prepared: Prepared,
    previous: Generation,
    options: ReloadOptions,
  ): Promise<void> {
    const shared = overlapState(slot, previous, prepared.generation);
    try {
      await activate(this.#host, slot, prepared, async () => {
        slot.inbox.pause(previous);
        this.#host.schedules.rest(slot);
        if (slot.lifecycle.state !== 'running') {
          // The old generation died meanwhile: this is a start.
          slot.lifecycle.moveTo('preparing');
          slot.lifecycle.moveTo('starting');
          return;
        }
        slot.lifecycle.moveTo('reloading');
        // What was sent to the old generation starts there before anything starts in the new one.
        await unlessStuck(previous, () =>
          slot.patience.wait(previous.workload.received(), RECEIVED_MS, () => undefined).catch(() => {}),
        );
      });
    } catch (error) {
      shared.undoNew();
      if (slot.lifecycle.state === 'reloading' && previous.isAlive) this.#goOn(slot, previous);
      throw error;
    }
    slot.lifecycle.moveTo('running');
    this.#accept(slot, prepared.build, slot.state.save(), options);
  }

  async #start(slot: Slot, prepared: Prepared, options: ReloadOptions): Promise<void> {
    slot.lifecycle.moveTo('starting');
    await this.#activate(slot, prepared, options);
  }

  /** If it fails, the state is as it was. */
  async #activate(slot: Slot, prepared: Prepared, options: ReloadOptions): Promise<void> {
    const saved = slot.state.save();
    try {
      if (options.state !== undefined) slot.state.replace(options.state);
      await activate(this.#host, slot, prepared);
    } catch (error) {
      slot.state.replace(saved);
      throw error;
    }
    slot.lifecycle.moveTo('running');
    this.#accept(slot, prepared.build, saved, options);
  }

  /** The new generation died in the moment between the two: the old one had only been paused. */
  #goOn(slot: Slot, previous: Generation): void {
    slot.lifecycle.moveTo('running');
    slot.inbox.open(previous);
    this.#host.schedules.start(slot);
  }

  async #retire(slot: Slot, previous: Generation): Promise<void> {
    await windDown(slot, previous, () => replaced(slot, previous));
    slot.stateWritten = () => {};
    end(slot, previous);
  }

  /**
   * The build has proved itself. The one before is kept to roll back to, unless this was such a rollback, or it was made
   * of the same: going back to that would change nothing.
   */
  #accept(slot: Slot, build: Build, stateBefore: StoredState | undefined, options: ReloadOptions): void {
    const before = slot.accepted;
    slot.accepted = build;
    if (options.config !== undefined) slot.config = options.config.value;
    if (before === undefined || options.build !== undefined || before.inputs.equals(build.inputs)) return;
    slot.history.push({ build: before, state: stateBefore });
    if (slot.history.length > HISTORY) slot.history.shift();
  }

  /** Not before the generation that used it last is fenced: until then it may offload something. */
  #discardUnused(slot: Slot, before: readonly Build[]): void {
    for (const build of before) if (!slot.builds.includes(build)) this.#host.discard(build);
  }
}

/** A start that was given up goes back to its beginning. */
function beginPreparing({ lifecycle, inbox }: Slot): void {
  if (lifecycle.state !== 'preparing') lifecycle.moveTo('preparing');
  inbox.pause(undefined);
}

/** What it rejects with that a reload cuts; or a stop, for which the reload makes haste. */
function replaced(slot: Slot, previous: Generation): PluginReloadedError | PluginStoppedError {
  if (slot.stopsWanted > 0) return new PluginStoppedError(slot.name, previous.number);
  return new PluginReloadedError(slot.name, previous.number, slot.options.drainMs);
}

function end(slot: Slot, previous: Generation): void {
  previous.end({ kind: 'requested', text: 'it was replaced' }, () => replaced(slot, previous));
}
