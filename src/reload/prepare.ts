import { BulkheadError } from '../errors.ts';
import { grantedEnvironment } from '../isolate/environment.ts';
import type { Generation } from '../isolate/generation.ts';
import { permissionFlags } from '../isolate/permission-flags.ts';
import { restrictionsOf } from '../isolate/restrictions.ts';
import type { Slot } from '../isolate/slot.ts';
import type { Standbys } from '../isolate/standby.ts';
import type { StoredState } from '../options.ts';
import type { Build } from '../source/build.ts';
import type { Fingerprint } from '../source/fingerprint.ts';
import type { Stage } from '../status.ts';
import type { PluginMetadata, StateEntries } from '../wire/messages.ts';
import { Boots } from './boots.ts';
import { Builder, type BuilderHost } from './builder.ts';
import { wasNotTried } from './not-tried.ts';
import { block, type PluginTable } from './plugin-table.ts';
import { TransactionError } from './transaction-error.ts';
import { unlessStopped } from './unless-stopped.ts';

export const SCHEMA_HANGS = 'The schema of its configuration did not end';
export const MAY_WAIT = ". Does it wait for something that never comes? Raise 'startMs' if it needs longer.";

/** How soon a version is tried again that could not be, ms. */
const RETRY_MS = 20_000;

/** A generation that is loaded and may be set up. */
export interface Prepared {
  generation: Generation;
  build: Build;
}

export interface PrepareOptions {
  /** When the change of its files was noticed, on the clock of `performance.now()`: it follows a look at them. */
  since?: number;
  /** A build to use instead of making one: for a restart or a rollback. */
  build?: Build;
  /** The state to go back to: for a rollback to another version. */
  state?: StoredState;
  /** A configuration to use instead of the present one, which it replaces if all goes well. */
  config?: { value: unknown };
}

export interface PreparationHost extends BuilderHost {
  readonly standbys: Standbys;
  /** Names of the functions behind `ctx.bot`. */
  readonly botFunctions: readonly string[];
  /** Throws if one more plugin may not be started now. */
  checkRoom(slot: Slot): void;
  readonly table: PluginTable;
  /** Asks for a look in so many milliseconds. */
  lookAgain(inMs: number): void;
  /** Notices if it stops to react, or uses too much. */
  watch(slot: Slot, generation: Generation): void;
}

/** Everything that happens to a new version while the old one still serves. */
export class Preparation {
  readonly builder: Builder;
  readonly #boots: Boots;
  readonly #host: PreparationHost;

  constructor(host: PreparationHost) {
    this.#host = host;
    this.builder = new Builder(host);
    this.#boots = new Boots(host.standbys);
  }

  /** Builds (unless a build is given), loads, checks metadata and configuration, and migrates a copy of the state as a trial. */
  async prepare(slot: Slot, options: PrepareOptions): Promise<Prepared> {
    const { build: given, config } = options;
    let stage: Stage = 'discover';
    let build: Build | undefined;
    let generation: Generation | undefined;
    // What serves is only started again: that decides nothing about the newest version.
    if (given === undefined || given !== slot.accepted) slot.blockedBy = undefined;
    const { acted } = slot;
    if (given === undefined) slot.untried = undefined;
    try {
      if (slot.problem !== undefined) throw slot.problem;
      stage = 'load';
      this.#host.checkRoom(slot);
      await slot.loadState();
      const execArgv = await unlessStopped(slot, this.#permissionFlags(slot));
      const present = given && (await this.builder.ifThere(slot, given));
      stage = 'build';
      build = present ?? (await this.builder.make(slot, options.since !== undefined));
      stage = 'load';
      const first = await this.#boots.start(slot, build, execArgv, build !== given);
      generation = first;
      const metadata = await this.#load(slot, first).catch((error: unknown) => {
        generation = this.#boots.startAgain(slot, first, execArgv, error);
        return this.#load(slot, generation);
      });
      checkName(this.#host.table, slot, generation);
      stage = 'config';
      const checked = generation.steps.checkConfig(config === undefined ? slot.config : config.value);
      await slot.withinStartMs(checked, 'ERR_PLUGIN_CONFIG', SCHEMA_HANGS, MAY_WAIT);
      stage = 'migrate';
      const state = options.state ?? slot.state.save();
      if (state !== undefined && state.version !== metadata.stateVersion) {
        await migrate(slot, generation, state);
      }
      return { generation, build };
    } catch (error) {
      generation?.fence();
      generation?.end({ kind: 'requested', text: 'it could not be loaded' });
      if (given === undefined && wasNotTried(error)) this.#tryLater(slot, acted);
      // Before the build goes: it may have to tell where the author wrote what is wrong.
      const failure = new TransactionError(stage, slot, build, error);
      if (build !== undefined && build !== given) this.#host.discard(build);
      throw failure;
    } finally {
      slot.next = undefined;
    }
  }

  /** What was not tried was not acted on either: the next look finds its files to differ, as before. */
  #tryLater(slot: Slot, acted: Fingerprint | undefined): void {
    slot.untried = { inputs: slot.acted };
    slot.acted = acted;
    this.#host.lookAgain(RETRY_MS);
  }

  #load(slot: Slot, generation: Generation): Promise<PluginMetadata> {
    slot.next = generation;
    this.#host.watch(slot, generation);
    slot.throwIfStopping();
    const { env, budgets } = slot.options;
    const loading = generation.steps.load({
      generation: generation.number,
      url: generation.build.url,
      env: grantedEnvironment(env),
      bot: [...this.#host.botFunctions],
      budgets,
      stateBytes: slot.stateBytes,
      denied: [...restrictionsOf(slot).denied],
    });
    const what = `Plugin '${slot.name}' was not loaded`;
    return slot.withinStartMs(
      loading,
      'ERR_PLUGIN_LOAD',
      what,
      '. Is there a top-level await, or a loop, that never ends?',
    );
  }

  async #permissionFlags(slot: Slot): Promise<string[]> {
    const { permissions, isolation } = slot.options;
    const buildDirectory = await this.#host.buildDirectory(slot);
    return permissionFlags(permissions, { plugin: slot.name, tier: isolation, buildDirectory });
  }
}

/** @throws {BulkheadError} `ERR_PLUGIN_NAME_TAKEN` */
export function checkName(table: PluginTable, slot: Slot, generation: Generation): void {
  const { build, metadata } = generation;
  const { name } = metadata;
  const isFirst = slot.lastServed === 0;
  // What it has already is not in question: another came later.
  const keepsName = slot.name === name || build === slot.accepted;
  const wanted = isFirst ? [slot.id, name] : keepsName ? [] : [name];
  for (const each of wanted) {
    const other = table.nameConflict(slot, each);
    if (other === undefined) continue;
    block(slot, generation, other, other.id === each);
    throw new BulkheadError(
      'ERR_PLUGIN_NAME_TAKEN',
      `The name '${each}' of ${slot.entry} is already the name or id of ${other.entry}; change one of them`,
      { plugin: slot.id },
    );
  }
}

/** A copy of the state as the new version wants it. */
export function migrate(slot: Slot, generation: Generation, state: StoredState): Promise<StateEntries> {
  const migrated = generation.steps.migrate(state.entries, state.version);
  return slot.withinStartMs(migrated, 'ERR_STATE_MIGRATION', 'state.migrate did not end', MAY_WAIT);
}
