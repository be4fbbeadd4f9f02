import { dirname } from 'node:path';
import { assertNever, codeOf } from '../errors.ts';
import type { Slot } from '../isolate/slot.ts';
import { type Discovered, type Discovery, discover } from '../source/discover.ts';
import { isFile } from '../source/files.ts';
import type { Comparison } from '../source/fingerprint.ts';
import type { Report } from '../status.ts';
import { within } from '../within.ts';
import { Absences } from './absences.ts';
import { DirectoryProblems, directoryErrors } from './directory-problems.ts';
import type { EarlyBuilds } from './early-builds.ts';
import { mayRedirect, namedBy } from './hints.ts';
import type { Operations } from './operations.ts';
import type { PluginTable } from './plugin-table.ts';
import { type KnownPlugin, type Plan, reconcile } from './reconcile.ts';
import { errorOf, isRefusal, type Refusal, Refusals } from './refusals.ts';
import { TimeSlice } from './time-slice.ts';
import { unlessStopped } from './unless-stopped.ts';

export interface LookHost {
  readonly directories: readonly string[];
  readonly table: PluginTable;
  readonly operations: Operations;
  readonly earlyBuilds: EarlyBuilds;
  /** Makes a slot for something found. */
  adopt(found: Discovered): Promise<Slot>;
  readonly report: Report;
  warn(text: string): void;
  /** Asks for another look in so many milliseconds. */
  lookAgain(inMs: number): void;
  /** What a plugin must be absent for, ms, to be believed gone. */
  readonly quietMs: number;
  /** Whether what appears later is noticed. */
  isWatching(): boolean;
}

/** How long after what the hints name all else is looked at, ms. */
const HEAD_START_MS = 50;

/** How long a new plugin waits for those that go at the same time, ms. */
const GONE_MS = 500;

/** Compares the disk with what was last acted on, and acts on the difference. */
export class Look {
  readonly #host: LookHost;
  readonly #absences: Absences;
  readonly #refusals = new Refusals();
  readonly #removing = new Set<Slot>();
  readonly #loading = new WeakSet<Slot>();
  readonly #directoryProblems = new DirectoryProblems();

  constructor(host: LookHost) {
    this.#host = host;
    this.#absences = new Absences(host.quietMs);
  }

  /** Plans, and starts what is planned; does not wait for it. */
  async act(hints: ReadonlySet<string>, since: number): Promise<void> {
    if (mayRedirect(hints, this.#host.table)) this.#host.earlyBuilds.dropAll();
    if (await this.#followHints(hints, since)) {
      this.#host.lookAgain(HEAD_START_MS);
      return;
    }
    const { table } = this.#host;
    const before = new Map([...table].map((slot) => [slot, slot.acted]));
    const { discovery, plans } = await this.#plan(hints, true);
    if (!this.#host.isWatching()) return;
    this.#warnOfDirectories(discovery);
    const { gone, isOpen, nextInMs } = this.#absences.note(this.#absent(plans, discovery), discovery.missing);
    if (nextInMs !== undefined) this.#host.lookAgain(nextInMs);
    const leaving = plans.filter((plan) => plan.kind === 'missing').filter(({ id }) => gone.includes(id));
    const removed = within(
      Promise.all(leaving.map((plan) => this.#leave(plan, since).catch(ignore))),
      GONE_MS,
    );
    for (const plan of plans) {
      // Something that vanished may be about to appear under a new name, which would still be taken.
      if (plan.kind === 'load' && isOpen) continue;
      await this.#carryOut(plan, since, removed);
    }
    for (const [slot, acted] of before) this.#checkBusy(slot, acted);
  }

  /** Begins to build what the hints name, to have it at hand when that is acted on. */
  async anticipate(hints: ReadonlySet<string>): Promise<void> {
    const { table, earlyBuilds } = this.#host;
    if (mayRedirect(hints, table)) return;
    const comparison: Comparison = { suspects: hints, seen: new Map() };
    const slice = new TimeSlice();
    for (const slot of [...table].filter(({ acted }) => [...hints].some((path) => acted?.has(path)))) {
      const difference = await slot.acted?.compare(comparison);
      if (difference === 'changed' && slot.isServing && table.byId(slot.id) === slot) earlyBuilds.begin(slot);
      await slice.pause();
    }
  }

  /** Tries once more what failed because of another plugin that has changed or ended since. */
  retryBlockedBy(other: Slot): void {
    const { table, operations } = this.#host;
    for (const slot of table) {
      const hasReason = () => mayFitNow(slot, other);
      if (hasReason()) void operations.retry(slot, hasReason).catch(ignore);
    }
  }

  /** What there would be to do; empty for nothing. */
  async outOfDate(): Promise<string> {
    const { plans } = await this.#plan(new Set(), false);
    const pending = plans.filter((plan) => !isRefusal(plan) || !this.#refusals.isSaid(plan));
    if (pending.length === 0) return '';
    const stamps = [...this.#host.table].map((slot) => slot.acted?.stamp());
    return JSON.stringify([pending, stamps]);
  }

  /** Everything in the plugin directories as slots; what cannot be one as failures. */
  async discoverAll(): Promise<{ slots: Slot[]; failed: { name: string; error: Error }[] }> {
    const { discovery, plans } = await this.#plan(new Set(), false);
    const errors = directoryErrors(discovery, this.#host.isWatching());
    const failed = [...errors].map(([name, error]) => ({ name, error }));
    for (const plan of plans) {
      await this.#settle(plan);
      if (plan.kind !== 'duplicate') continue;
      failed.push({ name: plan.found.id, error: errorOf(plan) });
      this.#refusals.say(plan);
    }
    return { slots: [...this.#host.table], failed };
  }

  /** The same of one, if it is there. */
  async discoverOne(id: string): Promise<void> {
    const { plans } = await this.#plan(new Set(), false);
    for (const plan of plans) if ('found' in plan && plan.found.id === id) await this.#settle(plan);
  }

  /**
   * If all that the hints name are changed modules of plugins that are still there, these are followed at once, so that a
   * reload does not take the longer the more plugins there are.
   *
   * @returns whether that was so; else nothing was done
   */
  async #followHints(hints: ReadonlySet<string>, since: number): Promise<boolean> {
    const named = namedBy(hints, this.#host.table);
    if (named === undefined) return false;
    const comparison: Comparison = { suspects: hints, seen: new Map() };
    const slice = new TimeSlice();
    for (const { acted, entry } of named) {
      if ((await acted?.compare(comparison)) !== 'changed' || !isFile(entry)) return false;
      await slice.pause();
    }
    for (const slot of named) void this.#host.operations.follow(slot, slot, since).catch(ignore);
    return true;
  }

  async #plan(
    hints: ReadonlySet<string>,
    acknowledge: boolean,
  ): Promise<{ discovery: Discovery; plans: Plan[] }> {
    const slots = [...this.#host.table];
    // First the files, then the names: what vanishes in between is missing, not changed.
    const comparison: Comparison = { suspects: hints, acknowledge, seen: new Map() };
    const slice = new TimeSlice();
    const known: KnownPlugin[] = [];
    for (const slot of slots) {
      const plugin = await describe(slot, comparison);
      known.push(plugin);
      // What was begun to be built of it will not be asked for.
      if (acknowledge && plugin.difference !== 'changed') this.#host.earlyBuilds.drop(slot);
      await slice.pause();
    }
    const discovery = await discover(this.#host.directories);
    const plans = reconcile(discovery.plugins, known, this.#refusals.leftOut);
    this.#refusals.keepOnly(plans.filter(isRefusal));
    return { discovery, plans };
  }

  async #carryOut(plan: Plan, since: number, removed: Promise<unknown>): Promise<void> {
    const { table, operations } = this.#host;
    switch (plan.kind) {
      case 'load': {
        if (table.byId(plan.found.id) !== undefined) return;
        const slot = await this.#host.adopt(plan.found);
        this.#loading.add(slot);
        // Its name may be that of one that is just being removed; if that takes long, it is tried again afterwards.
        void removed.then(() => this.#loadIfNew(slot));
        return;
      }
      case 'reload': {
        const slot = table.byId(plan.found.id);
        if (slot !== undefined) void operations.follow(slot, plan.found, since).catch(ignore);
        return;
      }
      case 'unchanged':
        this.#host.report('unchanged', { name: table.byId(plan.id)?.name ?? plan.id });
        return;
      case 'keep':
      case 'duplicate':
        if (this.#refusals.say(plan)) this.#warnOf(plan);
        return;
      case 'missing':
        return;
      default:
        assertNever(plan);
    }
  }

  /** Makes the table agree, and starts nothing. */
  async #settle(plan: Plan): Promise<void> {
    if (plan.kind === 'load') await this.#host.adopt(plan.found);
    if (plan.kind !== 'reload') return;
    const slot = this.#host.table.byId(plan.found.id);
    if (slot?.problem !== undefined) slot.settleAt(plan.found);
  }

  #warnOf(refusal: Refusal): void {
    const { message } = errorOf(refusal);
    this.#host.warn(refusal.kind === 'keep' ? `${message} The version that was loaded goes on.` : message);
  }

  /** Loads what was found, unless it was loaded, stopped or removed in the meantime. */
  #loadIfNew(slot: Slot): void {
    const { table, operations } = this.#host;
    const isNew = slot.lifecycle.state === 'discovered' && !slot.unloaded && slot.stopsWanted === 0;
    if (isNew && table.byId(slot.id) === slot) void operations.load(slot).catch(ignore);
  }

  /**
   * An operation that is under way during a look may act on other files than those the look compared with. When it is over,
   * the plugin is compared again.
   *
   * @param acted what the look compared with
   */
  #checkBusy(slot: Slot, acted: Slot['acted']): void {
    void slot.exclusively(async () => {
      // Nobody has loaded it yet: it was discovered when another plugin was loaded by its name.
      if (!this.#loading.has(slot)) this.#loadIfNew(slot);
      if (slot.acted === acted || slot.acted === undefined) return;
      if ((await unlessStopped(slot, slot.acted.compare())) === 'changed') this.#host.lookAgain(0);
    });
  }

  #absent(plans: readonly Plan[], { unreadable }: Discovery): Slot[] {
    return plans.flatMap((plan) => {
      const slot = plan.kind === 'missing' ? this.#host.table.byId(plan.id) : undefined;
      if (slot === undefined || this.#removing.has(slot) || unreadable.has(dirname(slot.path))) return [];
      return [slot];
    });
  }

  #warnOfDirectories(discovery: Discovery): void {
    const inUse = new Set([...this.#host.table].map((slot) => dirname(slot.path)));
    for (const text of this.#directoryProblems.note(discovery, inUse)) this.#host.warn(text);
  }

  /** The file of a plugin is gone: another that has its id takes its place, if there is one. */
  async #leave({ id, next }: Extract<Plan, { kind: 'missing' }>, since: number): Promise<void> {
    const { table, operations } = this.#host;
    const slot = table.byId(id);
    if (slot === undefined) return;
    if (next === undefined) await this.#remove(slot);
    else await operations.follow(slot, next, since);
  }

  async #remove(slot: Slot): Promise<void> {
    const { operations } = this.#host;
    this.#removing.add(slot);
    try {
      await operations.remove(slot);
    } finally {
      this.#removing.delete(slot);
    }
    // It may have come back while it was being stopped.
    this.#host.lookAgain(0);
  }
}

async function describe(slot: Slot, comparison: Comparison): Promise<KnownPlugin> {
  const { id, path, entry, problem, acted } = slot;
  const unknown = slot.untried !== undefined || comparison.suspects?.has(entry) ? 'changed' : 'same';
  const difference = (await acted?.compare(comparison)) ?? unknown;
  return { id, path, entry, problem, difference, hasLoaded: slot.accepted !== undefined };
}

/** Whether its newest version does not run only because of what that plugin was. */
function mayFitNow(slot: Slot, other: Slot): boolean {
  const { state } = slot.lifecycle;
  const isKept = slot.acted === slot.accepted?.inputs || slot.acted === slot.rolledBackFrom;
  const isNewest = state === 'running' && isKept;
  if (isNewest || state === 'disabled' || slot.unloaded) return false;
  if (codeOf(slot.lastFailure?.error) === 'ERR_MAX_PLUGINS') return other.lifecycle.state !== 'running';
  return slot.blockedBy?.slot === other;
}

function ignore(): void {}
