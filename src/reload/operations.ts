import { BulkheadError } from '../errors.ts';
import type { Generation } from '../isolate/generation.ts';
import type { Slot } from '../isolate/slot.ts';
import type { PluginState } from '../lifecycle.ts';
import type { Place } from '../source/discover.ts';
import type { RecycleReason } from '../status.ts';
import type { Supervisor } from '../supervise/supervisor.ts';
import { configureRunning } from './configure-running.ts';
import { refuseCycle, refuseStopCycle } from './cycles.ts';
import { exclusively, insteadOfStart, interrupting } from './exclusively.ts';
import { type Failures, leavesRoom } from './failures.ts';
import type { Limiter } from './limiter.ts';
import { isFreeNow } from './plugin-table.ts';
import { rollbackTarget, rolledBackTo } from './rollback.ts';
import type { ReloadOptions, Transactions } from './transaction.ts';
import { unlessStopped } from './unless-stopped.ts';

/** It runs only if somebody asks for it, or its file changes. */
const DOWN = new Set<PluginState>(['discovered', 'failed', 'stopped', 'disabled']);

export interface OperationsHost {
  readonly transactions: Transactions;
  readonly supervisor: Supervisor;
  readonly failures: Failures;
  readonly limiter: Limiter;
  setDisabled(slot: Slot, disabled: boolean): void;
  /** A plugin is gone for good. */
  forget(slot: Slot): void;
  /** A new version of it serves, or it has ended: what it had of names and commands may be free. */
  freed(slot: Slot): void;
  /** A load or reload is over, however it went, and no other runs or waits. */
  settled(): void;
}

/**
 * What can be done with a plugin, each under the lock of its slot: any of these may be called at any time, and during
 * another. Failures are reported here and leave the slot in the state that the table of transitions has for them.
 */
export class Operations {
  readonly #host: OperationsHost;

  constructor(host: OperationsHost) {
    this.#host = host;
  }

  /** Starts a plugin that does not run; does nothing if it does. */
  load(slot: Slot): Promise<void> {
    return exclusively(slot, async () => {
      this.#checkEnabled(slot);
      slot.unloaded = false;
      if (slot.lifecycle.state !== 'running') await this.#start(slot, { build: await rolledBackTo(slot) });
    });
  }

  /** Forces a new generation. */
  reload(slot: Slot): Promise<void> {
    return insteadOfStart(slot, this.#host.transactions.attempts, { since: performance.now() }, async () => {
      this.#checkEnabled(slot);
      slot.unloaded = false;
      await this.#reload(slot);
    });
  }

  /** Tries the newest version once more, if there is still reason to when its turn has come. */
  retry(slot: Slot, hasReason: () => boolean): Promise<void> {
    return exclusively(slot, async () => {
      if (hasReason()) await this.#reload(slot, { build: await rolledBackTo(slot) });
    });
  }

  /** Brings a plugin in line with its file, if it still differs when its turn has come. */
  follow(slot: Slot, place: Place, since: number): Promise<void> {
    return insteadOfStart(slot, this.#host.transactions.attempts, { place, since }, async () => {
      const isOther = !slot.liesAt(place);
      slot.settleAt(place);
      if (slot.lifecycle.state === 'disabled' || slot.unloaded) return;
      // What failed before anything of it was read is tried again, but for what is wrong with the place itself.
      const isAsTried =
        slot.acted === undefined
          ? slot.problem !== undefined
          : (await unlessStopped(slot, slot.acted.compare())) !== 'changed';
      if (!isOther && isAsTried) return;
      // That it was not tried does not make its files new ones.
      if (slot.untried === undefined) this.#host.supervisor.forgive(slot);
      await this.#reload(slot, { since });
    });
  }

  /** @param budgetMs one budget for drain and teardown, also of a reload that is under way. */
  async unload(slot: Slot, budgetMs = Number.POSITIVE_INFINITY): Promise<void> {
    slot.patience.limit(budgetMs);
    await interrupting(slot, async () => {
      if (slot.lifecycle.state === 'disabled') return;
      slot.unloaded = true;
      await this.#stop(slot);
    });
  }

  /** Ends a plugin whose file is gone, for good. What was asked for meanwhile finds it no longer there. */
  remove(slot: Slot): Promise<void> {
    return interrupting(slot, async () => {
      await this.#stop(slot);
      slot.isRemoved = true;
      this.#host.forget(slot);
      this.#host.freed(slot);
    });
  }

  async disable(slot: Slot): Promise<void> {
    refuseStopCycle(slot);
    this.#host.setDisabled(slot, true);
    return interrupting(slot, async () => {
      if (slot.lifecycle.state === 'disabled') return;
      await this.#stop(slot);
      slot.lifecycle.moveTo('disabled');
    });
  }

  async enable(slot: Slot): Promise<void> {
    refuseCycle(slot);
    this.#host.setDisabled(slot, false);
    return exclusively(slot, async () => {
      slot.unloaded = false;
      if (slot.lifecycle.state === 'running') return;
      this.#host.supervisor.forgive(slot);
      await this.#start(slot, { build: await rolledBackTo(slot) });
    });
  }

  rollback(slot: Slot, options: { state?: 'snapshot' }): Promise<void> {
    return exclusively(slot, async () => {
      this.#checkEnabled(slot);
      const target = rollbackTarget(slot, options);
      slot.unloaded = false;
      await this.#reload(slot, target);
      // Unless a save came that was started instead.
      if (slot.accepted !== target.build) return;
      slot.history.pop();
      // Nor is what could not be tried to take its place.
      slot.acted = slot.untried?.inputs ?? slot.acted;
      slot.untried = undefined;
      slot.rolledBackFrom = slot.acted;
    });
  }

  /** Gives the plugin a new configuration, by `onConfig`, a reload or a start; keeps the old one if it is refused. */
  configure(slot: Slot, value: unknown): Promise<void> {
    return exclusively(slot, async () => {
      if (['disabled', 'discovered'].includes(slot.lifecycle.state) || slot.unloaded) {
        slot.config = value;
        return;
      }
      const config = { value };
      const build = await rolledBackTo(slot);
      const isNewest = build !== undefined || slot.acted === slot.accepted?.inputs;
      const refused = (cause: unknown) => {
        throw this.#host.failures.ofReload(slot, cause);
      };
      const { lifecycle, current } = slot;
      if (lifecycle.state !== 'running' || current === undefined) {
        this.#host.supervisor.forgive(slot);
        await this.#start(slot, { config, build });
      } else if (await configureRunning(slot, current, value, isNewest).catch(refused)) slot.config = value;
      else await this.#reload(slot, { config, build });
    });
  }

  /** Forgets the stored state, also in the generation that serves. */
  clearState(slot: Slot): Promise<void> {
    return exclusively(slot, async () => {
      await slot.loadState();
      if (slot.current?.isAlive) await this.#clearRunning(slot, slot.current);
      else slot.state.clear();
    });
  }

  /** For the supervisor: a planned restart is due. */
  restart(slot: Slot): Promise<void> {
    return exclusively(slot, async () => {
      if (!['backoff', 'quarantined'].includes(slot.lifecycle.state)) return;
      await this.#start(slot, slot.accepted === undefined ? {} : { build: slot.accepted });
    }).catch(() => {});
  }

  /** For the memory guard: this generation is to make room for a new one of the same build. */
  recycle(slot: Slot, generation: Generation, reason: RecycleReason, text: string): Promise<void> {
    return exclusively(slot, async () => {
      if (slot.current !== generation || slot.lifecycle.state !== 'running' || slot.accepted === undefined)
        return;
      await this.#reload(slot, { build: slot.accepted, recycle: { reason, text } });
    }).catch(() => {});
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
      (error) => this.#host.failures.ofLoad(slot, error, wasDown),
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
      (error) => this.#host.failures.ofReload(slot, error),
    );
    // While the old generation was wound down the new one may have ended, and wait for its restart.
    if (slot.isServing) this.#host.supervisor.cancel(slot);
    this.#host.freed(slot);
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
      if (leavesRoom(slot, error)) this.#host.freed(slot);
      // Nobody else tells it: that happened before this had failed, or by that.
      for (const each of [slot, slot.blockedBy?.slot])
        if (each !== undefined && isFreeNow(each))
          void this.retry(each, () => isFreeNow(each)).catch(() => {});
      throw error;
    } finally {
      if (this.#host.limiter.isIdle) this.#host.settled();
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

  #checkEnabled(slot: Slot): void {
    if (slot.lifecycle.state !== 'disabled') return;
    throw new BulkheadError('ERR_PLUGIN_DISABLED', `Plugin '${slot.name}' is disabled; enable it first`, {
      plugin: slot.name,
    });
  }
}
