import type { BulkheadError, ErrorCode } from '../errors.ts';
import type { Slot } from '../isolate/slot.ts';
import { type Discovered, type Discovery, discover } from '../source/discover.ts';
import type { StatusEvents, StatusName } from '../status.ts';
import type { Operations } from './operations.ts';
import type { PluginTable } from './plugin-table.ts';
import { type KnownPlugin, type Plan, reconcile } from './reconcile.ts';

export interface LookHost {
  readonly directories: readonly string[];
  readonly table: PluginTable;
  readonly operations: Operations;
  /** Makes a slot for something found. */
  adopt(found: Discovered): Promise<Slot>;
  report<K extends StatusName>(event: K, data: StatusEvents[K]): void;
  warn(text: string): void;
  /** Asks for another look in so many milliseconds. */
  lookAgain(inMs: number): void;
  /** What a plugin must be absent for, ms, to be believed gone. */
  readonly quietMs: number;
}

/** How long a plugin directory may be missing before its plugins are unloaded: a checkout or a remount takes a while. */
const DIRECTORY_GRACE_MS = 10_000;

/** What a plugin failed with that the end of another may mend. */
const MAY_FIT_LATER = new Set<ErrorCode>(['ERR_PLUGIN_NAME_TAKEN', 'ERR_COMMAND_TAKEN', 'ERR_MAX_PLUGINS']);

/** Compares the disk with what was last acted on, and acts on the difference. */
export class Look {
  readonly #host: LookHost;
  readonly #missingSince = new Map<string, number>();
  readonly #warned = new Set<string>();

  constructor(host: LookHost) {
    this.#host = host;
  }

  /** Plans, and starts what is planned; does not wait for it. */
  async act(hints: ReadonlySet<string>, since: number): Promise<void> {
    const { discovery, plans } = await this.#plan(hints, true);
    const justMissing = this.#noteMissing(plans, discovery);
    for (const plan of plans) {
      // Something that vanished may be about to appear under a new name, which would still be taken.
      if (plan.kind === 'load' && justMissing) continue;
      await this.#carryOut(plan, since);
    }
  }

  /** What there would be to do; empty for nothing. */
  async outOfDate(): Promise<string> {
    const { plans } = await this.#plan(new Set(), false);
    const pending = plans.filter(({ kind }) => kind !== 'keep' && kind !== 'refuse' && kind !== 'duplicate');
    const stamps = await Promise.all([...this.#host.table].map((slot) => slot.acted?.stamp()));
    return pending.length === 0 ? '' : JSON.stringify([pending, stamps]);
  }

  /** Everything that can be loaded, as slots; the rest as failures. */
  async discoverAll(): Promise<{ slots: Slot[]; failed: { name: string; error: Error }[] }> {
    const { discovery, plans } = await this.#plan(new Set(), false);
    const failed = discovery.missing.map((directory) => ({
      name: directory,
      error: missingDirectory(directory),
    }));
    for (const plan of plans) {
      if (plan.kind === 'load') await this.#host.adopt(plan.found);
      if (plan.kind === 'refuse' || plan.kind === 'duplicate') {
        failed.push({ name: plan.found.id, error: this.#refusal(plan) });
        this.#warned.add(plan.found.path + this.#refusal(plan).message);
      }
    }
    return { slots: [...this.#host.table], failed };
  }

  async #plan(
    hints: ReadonlySet<string>,
    acknowledge: boolean,
  ): Promise<{ discovery: Discovery; plans: Plan[] }> {
    const discovery = await discover(this.#host.directories);
    const known: KnownPlugin[] = [];
    for (const slot of this.#host.table) {
      const difference = (await slot.acted?.compare(hints, acknowledge)) ?? 'same';
      known.push({
        id: slot.id,
        path: slot.path,
        entry: slot.entry,
        difference,
        hasLoaded: slot.accepted !== undefined,
      });
    }
    return { discovery, plans: reconcile(discovery.plugins, known) };
  }

  async #carryOut(plan: Plan, since: number): Promise<void> {
    const { table, operations } = this.#host;
    const ignore = () => {};
    switch (plan.kind) {
      case 'load':
        void operations.load(await this.#host.adopt(plan.found)).catch(ignore);
        return;
      case 'reload': {
        const slot = table.byId(plan.id);
        if (slot !== undefined) void operations.follow(slot, plan, since).catch(ignore);
        return;
      }
      case 'unchanged':
        this.#host.report('unchanged', { name: table.byId(plan.id)?.name ?? plan.id });
        return;
      case 'missing': {
        const slot = table.byId(plan.id);
        if (slot !== undefined && this.#isGone(plan.id)) void this.#remove(slot).catch(ignore);
        return;
      }
      case 'keep':
      case 'refuse':
      case 'duplicate':
        this.#warnOnce(plan);
        return;
    }
  }

  /** Whether a plugin is missing for the first time. */
  #noteMissing(plans: readonly Plan[], discovery: Discovery): boolean {
    const missing = new Set(plans.filter((plan) => plan.kind === 'missing').map((plan) => plan.id));
    for (const id of this.#missingSince.keys()) if (!missing.has(id)) this.#missingSince.delete(id);
    const now = performance.now();
    let first = false;
    for (const id of missing) {
      if (this.#missingSince.has(id)) continue;
      const path = this.#host.table.byId(id)?.path ?? '';
      const directoryIsMissing = discovery.missing.some((directory) => path.startsWith(directory));
      const patienceMs = directoryIsMissing ? DIRECTORY_GRACE_MS : this.#host.quietMs;
      this.#missingSince.set(id, now + patienceMs);
      this.#host.lookAgain(patienceMs);
      first ||= !directoryIsMissing;
    }
    return first;
  }

  #isGone(id: string): boolean {
    const until = this.#missingSince.get(id);
    if (until === undefined) return false;
    if (performance.now() >= until) return true;
    this.#host.lookAgain(until - performance.now());
    return false;
  }

  async #remove(slot: Slot): Promise<void> {
    const { table, operations } = this.#host;
    await operations.unload(slot);
    table.remove(slot);
    this.#missingSince.delete(slot.id);
    for (const other of table) {
      const code = (other.lastError as Partial<BulkheadError> | undefined)?.code;
      const mayFitNow = code !== undefined && MAY_FIT_LATER.has(code);
      if (mayFitNow && other.lifecycle.state !== 'running') void operations.load(other).catch(() => {});
    }
  }

  #warnOnce(plan: Extract<Plan, { kind: 'keep' | 'refuse' | 'duplicate' }>): void {
    const error = this.#refusal(plan);
    const key = plan.found.path + error.message;
    if (this.#warned.has(key)) return;
    this.#warned.add(key);
    if (plan.kind !== 'refuse') {
      this.#host.warn(
        plan.kind === 'keep' ? `${error.message} The version that was loaded goes on.` : error.message,
      );
      return;
    }
    this.#host.report('reload-failed', {
      name: plan.found.id,
      stage: 'discover',
      error,
      generation: undefined,
    });
  }

  #refusal(plan: Extract<Plan, { kind: 'keep' | 'refuse' | 'duplicate' }>): Error {
    if (plan.kind !== 'duplicate')
      return plan.found.problem?.error ?? new Error(`${plan.found.path} cannot be loaded`);
    return new Error(
      `'${plan.found.path}' has the same id as '${plan.other}' and is left out; rename one of them.`,
    );
  }
}

function missingDirectory(directory: string): Error {
  return new Error(`The plugin directory '${directory}' is not there or cannot be read; it is watched for`);
}
