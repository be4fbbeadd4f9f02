import { isDeepStrictEqual } from 'node:util';
import { BulkheadError, codeOf, PluginCrashedError, PluginStoppedError } from '../errors.ts';
import type { Generation } from '../isolate/generation.ts';
import type { IsolateEnd } from '../isolate/isolate.ts';
import { onBehalfOf, type Slot } from '../isolate/slot.ts';
import { findInChain, type Invocation } from '../isolate/work.ts';
import type { PluginState } from '../lifecycle.ts';
import type { Build } from '../source/build.ts';
import type { Place } from '../source/discover.ts';
import type { CrashReport, RecycleReason, Report } from '../status.ts';
import { crashReport } from '../supervise/crash-report.ts';
import type { Supervisor } from '../supervise/supervisor.ts';
import type { Save } from './attempt.ts';
import { Failures } from './failures.ts';
import type { Limiter } from './limiter.ts';
import { isFreeNow } from './plugin-table.ts';
import { MAY_WAIT, SCHEMA_HANGS } from './prepare.ts';
import { rollbackTarget } from './rollback.ts';
import type { ReloadOptions, Transactions } from './transaction.ts';
import { TransactionError } from './transaction-error.ts';
import { unlessStopped } from './unless-stopped.ts';

/** It does not run, and will not for a while. */
const RESTING = new Set<PluginState>(['failed', 'quarantined', 'stopped']);

/** It runs only if somebody asks for it, or its file changes. */
const DOWN = new Set<PluginState>(['discovered', 'failed', 'stopped', 'disabled']);

export interface OperationsHost {
  readonly transactions: Transactions;
  readonly supervisor: Supervisor;
  readonly limiter: Limiter;
  readonly report: Report;
  /** Whether a file that is gone is noticed. */
  isWatching(): boolean;
  setDisabled(slot: Slot, disabled: boolean): void;
  /** A plugin is gone for good. */
  forget(slot: Slot): void;
  /** A new version of it serves, or it has ended: what it had of names and commands may be free. */
  freed(slot: Slot): void;
  /** Keeps the report where it outlives the bot, if that is wanted. */
  crashed(slot: Slot, report: CrashReport): void;
  /** A load or reload is over, however it went. @param isLast whether no other runs or waits */
  settled(isLast: boolean): void;
}

/**
 * What can be done with a plugin, each under the lock of its slot: any of these may be called at any time, and during
 * another. Failures are reported here and leave the slot in the state that the table of transitions has for them.
 */
export class Operations {
  readonly #host: OperationsHost;
  readonly #failures: Failures;

  constructor(host: OperationsHost) {
    this.#host = host;
    this.#failures = new Failures(host);
  }

  /** Starts a plugin that does not run; does nothing if it does. */
  load(slot: Slot): Promise<void> {
    return this.#exclusively(slot, async () => {
      this.#checkEnabled(slot);
      slot.unloaded = false;
      if (slot.lifecycle.state !== 'running') await this.#start(slot, { build: await rolledBackTo(slot) });
    });
  }

  /** Forces a new generation. */
  reload(slot: Slot): Promise<void> {
    return this.#insteadOfStart(slot, { since: performance.now() }, async () => {
      this.#checkEnabled(slot);
      slot.unloaded = false;
      await this.#reload(slot);
    });
  }

  /** Tries the newest version once more, if there is still reason to when its turn has come. */
  retry(slot: Slot, hasReason: () => boolean): Promise<void> {
    return this.#exclusively(slot, async () => {
      if (hasReason()) await this.#reload(slot);
    });
  }

  /** Brings a plugin in line with its file, if it still differs when its turn has come. */
  follow(slot: Slot, place: Place, since: number): Promise<void> {
    return this.#insteadOfStart(slot, { place, since }, async () => {
      const isOther = !slot.liesAt(place);
      slot.settleAt(place);
      if (slot.lifecycle.state === 'disabled' || slot.unloaded) return;
      // What failed before anything of it was read is tried again, but for what is wrong with the place itself.
      const isAsTried =
        slot.acted === undefined
          ? slot.problem !== undefined
          : (await unlessStopped(slot, slot.acted.compare())) !== 'changed';
      if (!isOther && isAsTried) return;
      this.#host.supervisor.forgive(slot);
      await this.#reload(slot, { since });
    });
  }

  /** @param budgetMs one budget for drain and teardown, also of a reload that is under way. */
  async unload(slot: Slot, budgetMs = Number.POSITIVE_INFINITY): Promise<void> {
    slot.patience.limit(budgetMs);
    await this.#interrupting(slot, async () => {
      if (slot.lifecycle.state === 'disabled') return;
      slot.unloaded = true;
      await this.#stop(slot);
    });
  }

  /** Ends a plugin whose file is gone, for good. What was asked for meanwhile finds it no longer there. */
  remove(slot: Slot): Promise<void> {
    return this.#interrupting(slot, async () => {
      await this.#stop(slot);
      slot.isRemoved = true;
      this.#host.forget(slot);
      this.#host.freed(slot);
    });
  }

  async disable(slot: Slot): Promise<void> {
    refuseStopCycle(slot);
    this.#host.setDisabled(slot, true);
    return this.#interrupting(slot, async () => {
      if (slot.lifecycle.state === 'disabled') return;
      await this.#stop(slot);
      slot.lifecycle.moveTo('disabled');
    });
  }

  async enable(slot: Slot): Promise<void> {
    refuseCycle(slot);
    this.#host.setDisabled(slot, false);
    return this.#exclusively(slot, async () => {
      slot.unloaded = false;
      if (slot.lifecycle.state === 'running') return;
      this.#host.supervisor.forgive(slot);
      await this.#start(slot, { build: await rolledBackTo(slot) });
    });
  }

  rollback(slot: Slot, options: { state?: 'snapshot' }): Promise<void> {
    return this.#exclusively(slot, async () => {
      this.#checkEnabled(slot);
      const target = rollbackTarget(slot, options);
      slot.unloaded = false;
      await this.#reload(slot, target);
      // Unless a save came that was started instead.
      if (slot.accepted !== target.build) return;
      slot.history.pop();
      slot.rolledBackFrom = slot.acted;
    });
  }

  /** Gives the plugin a new configuration, by `onConfig`, a reload or a start; keeps the old one if it is refused. */
  configure(slot: Slot, value: unknown): Promise<void> {
    return this.#exclusively(slot, async () => {
      const { state } = slot.lifecycle;
      if (state === 'disabled' || state === 'discovered' || slot.unloaded) {
        slot.config = value;
        return;
      }
      const { current } = slot;
      const config = { value };
      const build = await rolledBackTo(slot);
      if (state !== 'running' || current === undefined) {
        this.#host.supervisor.forgive(slot);
        await this.#start(slot, { config, build });
        return;
      }
      const isNewest = build !== undefined || slot.acted === slot.accepted?.inputs;
      if (isNewest && isDeepStrictEqual(value, slot.config)) return;
      if (await this.#configureRunning(slot, current, value, isNewest)) slot.config = value;
      else await this.#reload(slot, { config, build });
    });
  }

  /** Forgets the stored state, also in the generation that serves. */
  clearState(slot: Slot): Promise<void> {
    return this.#exclusively(slot, async () => {
      await slot.loadState();
      if (slot.current?.isAlive) await this.#clearRunning(slot, slot.current);
      else slot.state.clear();
    });
  }

  /** For the supervisor: a planned restart is due. */
  restart(slot: Slot): Promise<void> {
    return this.#exclusively(slot, async () => {
      if (!['backoff', 'quarantined'].includes(slot.lifecycle.state)) return;
      await this.#start(slot, slot.accepted === undefined ? {} : { build: slot.accepted });
    }).catch(() => {});
  }

  /** For the memory guard: this generation is to make room for a new one of the same build. */
  recycle(slot: Slot, generation: Generation, reason: RecycleReason, text: string): Promise<void> {
    return this.#exclusively(slot, async () => {
      if (slot.current !== generation || slot.lifecycle.state !== 'running' || slot.accepted === undefined)
        return;
      await this.#reload(slot, { build: slot.accepted, recycle: { reason, text } });
    }).catch(() => {});
  }

  /** A generation ended. If it was the one that serves, and nothing else deals with that, it is restarted. */
  ended(slot: Slot, generation: Generation, end: IsolateEnd): void {
    const { kind } = end;
    if (kind === 'requested' || kind === 'start-failed' || generation.wasReplaced) return;
    if (generation.endedAsStandby) return;
    const { number, servesSince } = generation;
    const error = new PluginCrashedError(slot.name, number, kind, end.text, end.error);
    const uptimeMs = servesSince === undefined ? 0 : Date.now() - servesSince.getTime();
    const report = crashReport(generation, kind, error, uptimeMs, end.stack);
    this.#host.crashed(slot, report);
    if (servesSince === undefined) {
      // Whoever loads it, or sets it up, sees to it.
      slot.earlyExitCode = end.exitCode;
      return;
    }
    slot.crashes++;
    slot.fail(error);
    this.#host.report('crashed', {
      name: slot.name,
      generation: number,
      reason: kind,
      error,
      uptimeMs,
      report,
    });
    // The old generation of an overlap had only to finish its work; in any other state the operation under way sees to it.
    if (generation !== slot.current || slot.lifecycle.state !== 'running') return;
    this.#host.supervisor.crashed(slot, end.exitCode === 0, uptimeMs);
    this.#freeRoom(slot, error);
  }

  async #start(slot: Slot, options: ReloadOptions = {}): Promise<void> {
    if (slot.isRemoved) {
      const text = `Plugin '${slot.name}' was removed with its file`;
      throw new BulkheadError('ERR_PLUGIN_NOT_FOUND', text, { plugin: slot.name });
    }
    this.#host.supervisor.cancel(slot);
    const isFirst = slot.lastServed === 0;
    const wasDown = DOWN.has(slot.lifecycle.state);
    await this.#run(
      slot,
      () => this.#host.transactions.load(slot, options),
      (error) => this.#failures.ofLoad(slot, error, wasDown),
    );
    if (!isFirst) this.#host.freed(slot);
  }

  async #reload(slot: Slot, options: ReloadOptions = {}): Promise<void> {
    if (slot.lifecycle.state !== 'running') {
      await this.#start(slot, options);
      return;
    }
    await this.#run(
      slot,
      () => this.#host.transactions.reload(slot, options),
      (error) => this.#failures.ofReload(slot, error),
    );
    // While the old generation was wound down the new one may have ended, and wait for its restart.
    if (slot.isServing) this.#host.supervisor.cancel(slot);
    this.#host.freed(slot);
  }

  /** Where it does not run, and is not about to, another may. */
  #freeRoom(slot: Slot, error: Error): void {
    const isOver = RESTING.has(slot.lifecycle.state);
    // Those that there is no room for would try each other again for ever.
    if (isOver && codeOf(error) !== 'ERR_MAX_PLUGINS') this.#host.freed(slot);
  }

  async #run(
    slot: Slot,
    transaction: () => Promise<void>,
    explain: (error: unknown) => Error,
  ): Promise<void> {
    slot.earlyExitCode = undefined;
    try {
      await this.#host.limiter.run(transaction);
    } catch (cause) {
      const error = explain(cause);
      this.#freeRoom(slot, error);
      // Nobody else tells it: that happened before this had failed, or by that.
      for (const each of [slot, slot.blockedBy?.slot])
        if (each !== undefined && isFreeNow(each))
          void this.retry(each, () => isFreeNow(each)).catch(() => {});
      throw error;
    } finally {
      this.#host.settled(this.#host.limiter.isIdle);
    }
  }

  /**
   * Whether the plugin has taken the configuration by itself.
   *
   * @param isNewest there is no newer version on disk, which may take what this one refuses
   */
  async #configureRunning(
    slot: Slot,
    current: Generation,
    value: unknown,
    isNewest: boolean,
  ): Promise<boolean> {
    const { startMs } = slot.options;
    const interrupted = new Promise<never>((_, reject) => {
      slot.wait = { interrupt: () => reject(new PluginStoppedError(slot.name, current.number)) };
    });
    try {
      const within = `within ${startMs} ms${MAY_WAIT}`;
      const timeout = () =>
        current.checksConfig
          ? new BulkheadError('ERR_PLUGIN_CONFIG', `${SCHEMA_HANGS} ${within}`, { plugin: slot.name })
          : new Error(`onConfig did not end ${within}`);
      const configured = Promise.race([current.configure(value), interrupted]);
      return (await slot.patience.wait(configured, startMs, timeout)).applied;
    } catch (cause) {
      current.giveUpConfigure();
      if (!isNewest && codeOf(cause) === 'ERR_PLUGIN_CONFIG') return false;
      throw this.#failures.ofReload(slot, new TransactionError('config', slot, slot.accepted, cause));
    } finally {
      slot.wait = undefined;
    }
  }

  async #clearRunning(slot: Slot, current: Generation): Promise<void> {
    const { callTimeoutMs } = slot.options;
    const text = `Plugin '${slot.name}' did not let go of its state within ${callTimeoutMs} ms`;
    const timeout = () => new BulkheadError('ERR_CALL_TIMEOUT', text, { plugin: slot.name });
    await slot.patience.wait(current.clearState(), callTimeoutMs, timeout);
  }

  async #stop(slot: Slot): Promise<void> {
    this.#host.supervisor.forgive(slot);
    slot.blockedBy = undefined;
    if (!['stopped', 'disabled'].includes(slot.lifecycle.state)) await this.#host.transactions.stop(slot);
    this.#host.freed(slot);
  }

  /** One operation at a time; whoever asked for it, and waits, is not waited for. */
  async #exclusively<T>(slot: Slot, operation: () => Promise<T>): Promise<T> {
    refuseCycle(slot);
    return this.#inTurn(slot, operation);
  }

  /** What is being started gives way to this if its files have changed since. */
  async #insteadOfStart(slot: Slot, save: Save, operation: () => Promise<void>): Promise<void> {
    refuseCycle(slot);
    this.#host.transactions.attempts.newer(slot, save);
    return this.#inTurn(slot, operation);
  }

  /** Ends whatever is being started, so that the operation does not wait for it, then takes its turn. */
  async #interrupting(slot: Slot, operation: () => Promise<void>): Promise<void> {
    refuseStopCycle(slot);
    slot.stopsWanted++;
    const stopped = () => new PluginStoppedError(slot.name, slot.lastGeneration);
    slot.next?.end({ kind: 'requested', text: 'it was stopped' }, stopped);
    slot.wait?.interrupt();
    try {
      await this.#inTurn(slot, operation);
    } finally {
      if (--slot.stopsWanted === 0) slot.patience.unlimited();
    }
  }

  async #inTurn<T>(slot: Slot, operation: () => Promise<T>): Promise<T> {
    const asker = onBehalfOf.getStore();
    if (asker !== undefined) {
      slot.askers.add(asker);
      slot.current?.workload.wake();
    }
    try {
      return await slot.exclusively(operation);
    } finally {
      if (asker !== undefined) slot.askers.delete(asker);
    }
  }

  #checkEnabled(slot: Slot): void {
    if (slot.lifecycle.state !== 'disabled') return;
    throw new BulkheadError('ERR_PLUGIN_DISABLED', `Plugin '${slot.name}' is disabled; enable it first`, {
      plugin: slot.name,
    });
  }
}

/** What the plugin was rolled back to, until its files are no longer those that it was rolled back from. */
async function rolledBackTo(slot: Slot): Promise<Build | undefined> {
  const { acted, rolledBackFrom, accepted } = slot;
  if (acted === undefined || acted !== rolledBackFrom) return undefined;
  return (await unlessStopped(slot, acted.compare())) === 'changed' ? undefined : accepted;
}

/**
 * An operation under way waits for the end of the step of the plugin's own life on whose behalf this is asked for.
 *
 * @throws {BulkheadError} `ERR_CALL_CYCLE`
 */
function refuseCycle(slot: Slot): void {
  const step = ownStep(slot);
  if (step !== undefined) throw cycle(slot, step);
}

/**
 * The same of what ends the plugin, which does not wait for a setup or an `onConfig`.
 *
 * @throws {BulkheadError} `ERR_CALL_CYCLE`
 */
export function refuseStopCycle(slot: Slot): void {
  if (ownStep(slot) === 'teardown') throw cycle(slot, 'teardown');
}

function ownStep(slot: Slot): Invocation['kind'] | undefined {
  return findInChain(
    onBehalfOf.getStore(),
    ({ kind, generation }) => generation?.plugin === slot.name && kind !== 'call' && kind !== 'event',
  )?.kind;
}

function cycle(slot: Slot, step: Invocation['kind']): BulkheadError {
  const text = `Plugin '${slot.name}' asks for this during its own ${step}, which has to end first; do not wait for it there`;
  return new BulkheadError('ERR_CALL_CYCLE', text, { plugin: slot.name });
}
