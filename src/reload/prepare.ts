import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { asError, BulkheadError, codeOf, PluginStoppedError } from '../errors.ts';
import { grantedEnvironment } from '../isolate/environment.ts';
import { Generation } from '../isolate/generation.ts';
import { permissionFlags } from '../isolate/permission-flags.ts';
import { restrictionsOf } from '../isolate/restrictions.ts';
import type { Slot } from '../isolate/slot.ts';
import type { Standbys } from '../isolate/standby.ts';
import { specOf } from '../isolate/start-isolate.ts';
import type { StoredState } from '../options.ts';
import { type Build, BuildError, buildPlugin, isThere } from '../source/build.ts';
import type { Place } from '../source/discover.ts';
import type { Fingerprint } from '../source/fingerprint.ts';
import type { Stage } from '../status.ts';
import type { PluginMetadata, StateEntries } from '../wire/messages.ts';
import { EarlyBuilds } from './early-builds.ts';
import { Limiter } from './limiter.ts';
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

/** A build, or why there is none, and what it was made of. */
interface BuildResult {
  acted: Fingerprint | undefined;
  build?: Build;
  error?: unknown;
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

export interface PreparationHost {
  readonly standbys: Standbys;
  /** Where builds of the plugin are written. */
  readonly buildDirectory: (slot: Slot) => Promise<string>;
  /** Where it lies by now, if it has moved. */
  movedTo(slot: Slot): Promise<Place | undefined>;
  /** Names of the functions behind `ctx.bot`. */
  readonly botFunctions: readonly string[];
  /** Throws if one more plugin may not be started now. */
  checkRoom(slot: Slot): void;
  readonly table: PluginTable;
  discard(build: Build): void;
  /** Asks for a look in so many milliseconds. */
  lookAgain(inMs: number): void;
  /** Notices if it stops to react, or uses too much. */
  watch(slot: Slot, generation: Generation): void;
}

/** Everything that happens to a new version while the old one still serves. */
export class Preparation {
  readonly earlyBuilds: EarlyBuilds;
  readonly #host: PreparationHost;
  /** One processor is left to the host and to the plugins that serve. */
  readonly #boots = new Limiter(Math.max(1, availableParallelism() - 1));

  constructor(host: PreparationHost) {
    this.#host = host;
    this.earlyBuilds = new EarlyBuilds({
      build: async (slot, entry) => buildPlugin(entry, await host.buildDirectory(slot), restrictionsOf(slot)),
      discard: (build) => host.discard(build),
    });
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
      const present = given && (await this.#ifThere(slot, given));
      stage = 'build';
      build = present ?? (await this.#build(slot, options.since !== undefined));
      stage = 'load';
      const first = await this.#start(slot, build, execArgv, build !== given);
      generation = first;
      const metadata = await this.#load(slot, first).catch((error: unknown) => {
        generation = this.#startAgain(slot, first, execArgv, error);
        return this.#load(slot, generation);
      });
      checkName(this.#host.table, slot, generation);
      stage = 'config';
      const checked = generation.checkConfig(config === undefined ? slot.config : config.value);
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

  /** @param isFresh no version that has served is made of it */
  async #start(slot: Slot, build: Build, execArgv: string[], isFresh: boolean): Promise<Generation> {
    const { standbys } = this.#host;
    const spec = specOf(slot.options, execArgv);
    const start = () => {
      const isStandby = standbys.has(spec);
      return new Generation(slot.lastGeneration + 1, build, standbys.take(spec), isStandby, slot.requests);
    };
    slot.throwIfStopping();
    const canWait = isFresh && slot.isServing && !standbys.has(spec);
    return canWait ? await this.#inTurn(slot, start) : start();
  }

  /** What has ended a standby need not end another isolate. Throws `error` if that is not what was wrong. */
  #startAgain(slot: Slot, failed: Generation, execArgv: string[], error: unknown): Generation {
    if (!failed.endedAsStandby || codeOf(error) !== 'ERR_PLUGIN_CRASHED') throw error;
    slot.throwIfStopping();
    const text = `${asError(error).message}. It had not loaded anything by then, and is started once more`;
    slot.log({ level: 'warn', fields: {}, text });
    const isolate = this.#host.standbys.fresh(specOf(slot.options, execArgv));
    return new Generation(failed.number, failed.build, isolate, false, slot.requests);
  }

  #load(slot: Slot, generation: Generation): Promise<PluginMetadata> {
    slot.next = generation;
    this.#host.watch(slot, generation);
    slot.throwIfStopping();
    const { env, budgets } = slot.options;
    const loading = generation.load({
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

  /** Of many reloads at once, only some boot their isolates at a time, as long as the versions before serve. */
  #inTurn(slot: Slot, start: () => Generation): Promise<Generation> {
    return new Promise((resolve, reject) => {
      const boot = async () => {
        if (slot.wait !== wait) return;
        slot.wait = undefined;
        const generation = start();
        resolve(generation);
        await generation.booted;
      };
      const wait = {
        interrupt: () => {
          slot.wait = undefined;
          reject(new PluginStoppedError(slot.name, slot.lastGeneration));
        },
        hurry: () => void boot().catch(reject),
      };
      slot.wait = wait;
      this.#boots.run(boot).catch(reject);
    });
  }

  async #permissionFlags(slot: Slot): Promise<string[]> {
    const { permissions, isolation } = slot.options;
    const buildDirectory = await this.#host.buildDirectory(slot);
    return permissionFlags(permissions, { plugin: slot.name, tier: isolation, buildDirectory });
  }

  /**
   * A build that was made before, or nothing if somebody has removed it and it can be made anew as it was.
   *
   * @throws {BulkheadError} `ERR_PLUGIN_LOAD` if it cannot
   */
  async #ifThere(slot: Slot, build: Build): Promise<Build | undefined> {
    if (isThere(build)) return build;
    const { name } = slot;
    const gone = `The build of plugin '${name}' was removed from the temporary directory (${fileURLToPath(build.url)})`;
    if ((await unlessStopped(slot, build.inputs.compare())) === 'changed') {
      const text = `${gone}, and its files have changed since. Save them, or reload it, to start what they are now`;
      throw new BulkheadError('ERR_PLUGIN_LOAD', text, { plugin: name });
    }
    slot.log({ level: 'warn', fields: {}, text: `${gone} and is made anew` });
    return undefined;
  }

  async #build(slot: Slot, wasLookedAt: boolean): Promise<Build> {
    const discard = ({ build }: BuildResult) => build && this.#host.discard(build);
    const made = await unlessStopped(slot, this.#make(slot, wasLookedAt), discard);
    if (made.acted !== undefined) slot.acted = made.acted;
    if (made.build === undefined) throw made.error;
    return made.build;
  }

  async #make(slot: Slot, wasLookedAt: boolean): Promise<BuildResult> {
    let build: Build | undefined;
    try {
      const directory = await this.#host.buildDirectory(slot);
      if (wasLookedAt) build = await this.earlyBuilds.take(slot);
      else {
        this.earlyBuilds.drop(slot);
        const place = await this.#host.movedTo(slot);
        if (place !== undefined) slot.settleAt(place);
      }
      build ??= await buildPlugin(slot.entry, directory, restrictionsOf(slot));
      if (slot.accepted !== undefined)
        await build.jobs.follow(slot.accepted.jobs, directory, restrictionsOf(slot));
      return { acted: build.inputs, build };
    } catch (error) {
      if (build !== undefined) this.#host.discard(build);
      const failed = error instanceof BuildError ? error : undefined;
      return { acted: (build ?? failed)?.inputs, error };
    }
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
  const migrated = generation.migrate(state.entries, state.version);
  return slot.withinStartMs(migrated, 'ERR_STATE_MIGRATION', 'state.migrate did not end', MAY_WAIT);
}
