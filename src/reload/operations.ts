import { BulkheadError, PluginCrashedError, PluginStoppedError } from '../errors.ts';
import type { Generation } from '../isolate/generation.ts';
import type { IsolateEnd } from '../isolate/isolate.ts';
import { onBehalfOf, type Slot } from '../isolate/slot.ts';
import type { Invocation } from '../isolate/work.ts';
import type { StatusEvents, StatusName } from '../status.ts';
import type { Supervisor } from '../supervise/supervisor.ts';
import { Failures } from './failures.ts';
import type { Limiter } from './limiter.ts';
import { TransactionError } from './prepare.ts';
import { rollbackTarget } from './rollback.ts';
import type { ReloadOptions, Transactions } from './transaction.ts';

export interface OperationsHost {
  readonly transactions: Transactions;
  readonly supervisor: Supervisor;
  readonly limiter: Limiter;
  report<K extends StatusName>(event: K, data: StatusEvents[K]): void;
  setDisabled(slot: Slot, disabled: boolean): void;
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
    return slot.exclusively(async () => {
      slot.unloaded = false;
      if (slot.lifecycle.state === 'running') return;
      this.#checkEnabled(slot);
      await this.#start(slot);
    });
  }

  /** Forces a new generation, or what `options` say. */
  reload(slot: Slot, options: ReloadOptions = {}): Promise<void> {
    const asker = onBehalfOf.getStore();
    return slot.exclusively(async () => {
      this.#checkEnabled(slot);
      await this.#reload(slot, { asker, ...options });
    });
  }

  /** Brings a plugin in line with its file, if it still differs when its turn has come. */
  follow(slot: Slot, place: { path: string; entry: string }, since: number): Promise<void> {
    return slot.exclusively(async () => {
      const moved = slot.entry !== place.entry;
      slot.path = place.path;
      slot.entry = place.entry;
      if (slot.lifecycle.state === 'disabled' || slot.unloaded) return;
      if (!moved && (await slot.acted?.compare()) === 'same') return;
      this.#host.supervisor.forgive(slot);
      await this.#reload(slot, { since });
    });
  }

  /** @param budgetMs one budget for drain and teardown, also of a reload that is under way. */
  async unload(slot: Slot, budgetMs = Number.POSITIVE_INFINITY): Promise<void> {
    slot.patience.limit(budgetMs);
    await this.#interrupting(slot, async (asker) => {
      slot.unloaded = true;
      await this.#stop(slot, asker);
    });
    slot.patience.unlimited();
  }

  disable(slot: Slot): Promise<void> {
    this.#host.setDisabled(slot, true);
    return this.#interrupting(slot, async (asker) => {
      if (slot.lifecycle.state === 'disabled') return;
      await this.#stop(slot, asker);
      slot.lifecycle.moveTo('disabled');
    });
  }

  enable(slot: Slot): Promise<void> {
    this.#host.setDisabled(slot, false);
    return slot.exclusively(async () => {
      if (slot.lifecycle.state === 'running') return;
      slot.unloaded = false;
      await this.#start(slot);
    });
  }

  rollback(slot: Slot, options: { state?: 'snapshot' }): Promise<void> {
    const asker = onBehalfOf.getStore();
    return slot.exclusively(async () => {
      this.#checkEnabled(slot);
      await this.#reload(slot, { asker, ...rollbackTarget(slot, options) });
      slot.history.pop();
    });
  }

  /** Gives the running plugin a new configuration, by `onConfig` or a reload; keeps the old one if it is refused. */
  configure(slot: Slot, value: unknown): Promise<void> {
    return slot.exclusively(async () => {
      const before = slot.config;
      const { current } = slot;
      slot.config = value;
      if (slot.lifecycle.state === 'disabled' || slot.unloaded) return;
      if (slot.lifecycle.state !== 'running' || current === undefined) {
        this.#host.supervisor.forgive(slot);
        await this.#start(slot);
        return;
      }
      try {
        const { applied } = await current.configure(value).catch((cause: unknown) => {
          throw new TransactionError('config', slot, slot.accepted, cause);
        });
        if (!applied) await this.#host.transactions.reload(slot, {});
      } catch (error) {
        slot.config = before;
        throw this.#failures.ofReload(slot, error);
      }
    });
  }

  /** Forgets the stored state, also in the generation that serves. */
  clearState(slot: Slot): Promise<void> {
    return slot.exclusively(async () => {
      for (const [key] of slot.state.entries()) slot.current?.forwardState({ op: 'delete', key });
      slot.state.replace(
        slot.current?.isAlive ? { version: slot.state.version ?? 1, entries: [] } : undefined,
      );
    });
  }

  /** For the supervisor: a planned restart is due. */
  restart(slot: Slot): Promise<void> {
    return slot
      .exclusively(async () => {
        if (!['backoff', 'quarantined'].includes(slot.lifecycle.state)) return;
        await this.#start(slot, slot.accepted === undefined ? {} : { build: slot.accepted });
      })
      .catch(() => {});
  }

  /** A generation ended. If it was the one that serves, and nothing else deals with that, it is restarted. */
  ended(slot: Slot, generation: Generation, end: IsolateEnd): void {
    if (end.kind === 'requested' || generation !== slot.current) return;
    const error = new PluginCrashedError(slot.name, generation.number, end.kind, end.text, end.error);
    slot.crashes++;
    slot.fail(error);
    this.#host.report('crashed', {
      name: slot.name,
      generation: generation.number,
      reason: end.kind,
      error,
      uptimeMs: Date.now() - (slot.startedAt?.getTime() ?? Date.now()),
    });
    if (slot.lifecycle.state === 'running') this.#host.supervisor.crashed(slot, end.exitCode === 0);
  }

  async #start(slot: Slot, options: ReloadOptions = {}): Promise<void> {
    this.#host.supervisor.cancel(slot);
    try {
      await this.#host.limiter.run(() => this.#host.transactions.load(slot, options));
    } catch (error) {
      throw this.#failures.ofLoad(slot, error);
    }
  }

  async #reload(slot: Slot, options: ReloadOptions): Promise<void> {
    if (slot.lifecycle.state !== 'running') {
      await this.#start(slot, options);
      return;
    }
    try {
      await this.#host.limiter.run(() => this.#host.transactions.reload(slot, options));
      this.#host.supervisor.cancel(slot);
    } catch (error) {
      throw this.#failures.ofReload(slot, error);
    }
  }

  async #stop(slot: Slot, asker: Invocation | undefined): Promise<void> {
    this.#host.supervisor.forgive(slot);
    if (slot.lifecycle.state === 'stopped') return;
    await this.#host.transactions.stop(slot, asker);
  }

  /** Ends whatever is being started, so that the operation does not wait for it, then takes its turn. */
  async #interrupting(
    slot: Slot,
    operation: (asker: Invocation | undefined) => Promise<void>,
  ): Promise<void> {
    const asker = onBehalfOf.getStore();
    slot.stopsWanted++;
    const stopped = () => new PluginStoppedError(slot.name, slot.lastGeneration);
    slot.preparing?.end({ kind: 'requested', text: 'it was stopped' }, stopped);
    slot.next?.end({ kind: 'requested', text: 'it was stopped' }, stopped);
    try {
      await slot.exclusively(() => operation(asker));
    } finally {
      slot.stopsWanted--;
    }
  }

  #checkEnabled(slot: Slot): void {
    if (slot.lifecycle.state !== 'disabled') return;
    throw new BulkheadError('ERR_PLUGIN_DISABLED', `Plugin '${slot.name}' is disabled; enable it first`, {
      plugin: slot.name,
    });
  }
}
