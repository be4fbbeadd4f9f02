import { dirname } from 'node:path';
import { BulkheadError, codeOf } from '../errors.ts';
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
const MAY_FIT_LATER = new Set<string | undefined>([
  'ERR_PLUGIN_NAME_TAKEN',
  'ERR_COMMAND_TAKEN',
  'ERR_MAX_PLUGINS',
]);

/** Compares the disk with what was last acted on, and acts on the difference. */
export class Look {
  readonly #host: LookHost;
  readonly #missingSince = new Map<string, number>();
  readonly #removing = new WeakSet<Slot>();
  readonly #loading = new WeakSet<Slot>();
  #warned = new Set<string>();
  #missingDirectories = new Set<string>();

  constructor(host: LookHost) {
    this.#host = host;
  }

  /** Plans, and starts what is planned; does not wait for it. */
  async act(hints: ReadonlySet<string>, since: number): Promise<void> {
    const before = new Map([...this.#host.table].map((slot) => [slot, slot.acted]));
    const { discovery, plans } = await this.#plan(hints, true);
    this.#noteDirectories(discovery);
    const justMissing = this.#noteMissing(plans, discovery);
    const removed = Promise.all(this.#removeGone(plans));
    for (const plan of plans) {
      // Something that vanished may be about to appear under a new name, which would still be taken.
      if (plan.kind === 'load' && justMissing) continue;
      await this.#carryOut(plan, since, removed);
    }
    for (const [slot, acted] of before) this.#checkBusy(slot, acted);
  }

  /** What there would be to do; empty for nothing. */
  async outOfDate(): Promise<string> {
    const { plans } = await this.#plan(new Set(), false);
    const pending = plans.filter((plan) => !isRefusal(plan) || !this.#warned.has(keyOf(plan)));
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
        failed.push({ name: plan.found.id, error: refusalOf(plan) });
        this.#warned.add(keyOf(plan));
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
      const unknown = hints.has(slot.entry) ? 'changed' : 'same';
      const difference = (await slot.acted?.compare(hints, acknowledge)) ?? unknown;
      known.push({
        id: slot.id,
        path: slot.path,
        entry: slot.entry,
        difference,
        hasLoaded: slot.accepted !== undefined,
      });
    }
    const plans = reconcile(discovery.plugins, known);
    this.#forgetWarnings(plans);
    return { discovery, plans };
  }

  async #carryOut(plan: Plan, since: number, removed: Promise<unknown>): Promise<void> {
    const { table, operations } = this.#host;
    switch (plan.kind) {
      case 'load': {
        if (table.byId(plan.found.id) !== undefined) return;
        const slot = await this.#host.adopt(plan.found);
        this.#loading.add(slot);
        // Its name may be that of one that is just being removed.
        void removed.then(() => this.#loadIfNew(slot));
        return;
      }
      case 'reload': {
        const slot = table.byId(plan.id);
        if (slot !== undefined) void operations.follow(slot, plan, since).catch(ignore);
        return;
      }
      case 'unchanged':
        this.#host.report('unchanged', { name: table.byId(plan.id)?.name ?? plan.id });
        return;
      case 'keep':
      case 'refuse':
      case 'duplicate':
        this.#warnOnce(plan);
        return;
      case 'missing':
        return;
    }
  }

  /** Loads what was found, unless it was loaded, stopped or removed in the meantime. */
  #loadIfNew(slot: Slot): void {
    const { table, operations } = this.#host;
    const isNew = slot.lifecycle.state === 'discovered' && !slot.unloaded && slot.stopsWanted === 0;
    if (isNew && table.byId(slot.id) === slot) void operations.load(slot).catch(ignore);
  }

  /**
   * While something is done with a plugin, it cannot be compared with what will have been acted on in the end: that is
   * made up for when its turn is over.
   */
  #checkBusy(slot: Slot, acted: Slot['acted']): void {
    void slot.exclusively(async () => {
      // Found on the way to another, and loaded by nobody.
      if (!this.#loading.has(slot)) this.#loadIfNew(slot);
      if (slot.acted !== acted && (await slot.acted?.compare()) === 'changed') this.#host.lookAgain(0);
    });
  }

  #noteDirectories({ missing }: Discovery): void {
    const withPlugins = new Set([...this.#host.table].map((slot) => dirname(slot.path)));
    for (const directory of missing) {
      if (this.#missingDirectories.has(directory) || !withPlugins.has(directory)) continue;
      this.#host.warn(
        `The plugin directory '${directory}' is missing. What was loaded from it goes on, ` +
          `and is unloaded if it is not back in ${DIRECTORY_GRACE_MS / 1_000} s.`,
      );
    }
    this.#missingDirectories = new Set(missing);
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
      const directoryIsMissing = discovery.missing.includes(dirname(path));
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

  #removeGone(plans: readonly Plan[]): Promise<void>[] {
    const gone = plans.flatMap((plan) => (plan.kind === 'missing' && this.#isGone(plan.id) ? [plan.id] : []));
    return gone.flatMap((id) => {
      const slot = this.#host.table.byId(id);
      if (slot === undefined || this.#removing.has(slot)) return [];
      this.#removing.add(slot);
      return [this.#remove(slot).catch(ignore)];
    });
  }

  async #remove(slot: Slot): Promise<void> {
    const { table, operations } = this.#host;
    await operations.unload(slot);
    table.remove(slot);
    this.#missingSince.delete(slot.id);
    for (const other of table) if (mayFitNow(other)) void this.#retry(other).catch(ignore);
    // It may have come back while it was being stopped.
    this.#host.lookAgain(0);
  }

  #retry(slot: Slot): Promise<void> {
    const { operations } = this.#host;
    return slot.lifecycle.state === 'running' ? operations.reload(slot) : operations.load(slot);
  }

  #warnOnce(plan: Refusal): void {
    const error = refusalOf(plan);
    if (this.#warned.has(keyOf(plan))) return;
    this.#warned.add(keyOf(plan));
    if (plan.kind === 'refuse') {
      const { id } = plan.found;
      this.#host.report('reload-failed', { name: id, stage: 'discover', error, generation: undefined });
    } else {
      this.#host.warn(
        plan.kind === 'keep' ? `${error.message} The version that was loaded goes on.` : error.message,
      );
    }
  }

  /** What has been put right is to be warned of again if it comes back. */
  #forgetWarnings(plans: readonly Plan[]): void {
    const present = plans.filter(isRefusal).map(keyOf);
    this.#warned = new Set(present.filter((key) => this.#warned.has(key)));
  }
}

type Refusal = Extract<Plan, { kind: 'keep' | 'refuse' | 'duplicate' }>;

function isRefusal(plan: Plan): plan is Refusal {
  return plan.kind === 'keep' || plan.kind === 'refuse' || plan.kind === 'duplicate';
}

function refusalOf(plan: Refusal): Error {
  const { path, problem } = plan.found;
  if (plan.kind !== 'duplicate') return problem ?? new Error(`'${path}' cannot be loaded.`);
  return new BulkheadError(
    'ERR_PLUGIN_ENTRY',
    `'${path}' has the same id as '${plan.other}' and is left out; rename one of them.`,
  );
}

function keyOf(plan: Refusal): string {
  return `${plan.kind} ${plan.found.path} ${refusalOf(plan).message}`;
}

/** Whether its newest version does not run only because of another plugin. */
function mayFitNow(slot: Slot): boolean {
  const failed = slot.lifecycle.state !== 'running' || slot.acted !== slot.accepted?.inputs;
  return failed && !slot.unloaded && MAY_FIT_LATER.has(codeOf(slot.lastError));
}

function ignore(): void {}

function missingDirectory(directory: string): Error {
  return new Error(`The plugin directory '${directory}' is not there or cannot be read; it is watched for`);
}
