// First, since other parts of a bundle would fail with less to say.
import './unbundled.ts';
import { resolve } from 'node:path';
import { inspect } from 'node:util';
import { checkOptions } from './check-options.ts';
import { asError, BulkheadError, codeOf, invalidArgument } from './errors.ts';
import { Deadlines } from './isolate/deadlines.ts';
import type { Generation } from './isolate/generation.ts';
import type { IsolateEnd } from './isolate/isolate.ts';
import { OffloadPools } from './isolate/offload-pools.ts';
import { Patience } from './isolate/patience.ts';
import { Slot, type SlotHost } from './isolate/slot.ts';
import { Standbys } from './isolate/standby.ts';
import { isolateStarter, specOf } from './isolate/start-isolate.ts';
import type { PluginState } from './lifecycle.ts';
import {
  type PluginManagerOptions,
  type PluginOptions,
  type ResolvedOptions,
  resolveOptions,
  resolvePluginOptions,
} from './options.ts';
import { BotFunctions } from './platform/bot-functions.ts';
import { Bus, type EmitResult } from './platform/bus.ts';
import { Commands } from './platform/commands.ts';
import { CrashFiles } from './platform/crash-files.ts';
import { defaultLogger } from './platform/default-logger.ts';
import { DiagnosticFiles } from './platform/diagnostic-files.ts';
import { DisabledPlugins } from './platform/disabled-plugins.ts';
import { guardedStore } from './platform/guarded-store.ts';
import { Reports } from './platform/reports.ts';
import { Schedules } from './platform/schedule.ts';
import { memoryStateStore } from './platform/state-store.ts';
import { describePlugin, type PluginInfo } from './plugin-info.ts';
import { pluginProxy } from './plugin-proxy.ts';
import { changedSince } from './reload/changed-since.ts';
import { refuseStopCycle } from './reload/cycles.ts';
import type { EarlyBuilds } from './reload/early-builds.ts';
import { Failures } from './reload/failures.ts';
import { HotReloadWatcher } from './reload/hot-reload.ts';
import { Limiter } from './reload/limiter.ts';
import { Look } from './reload/look.ts';
import { Operations } from './reload/operations.ts';
import { checkIsName, PluginTable } from './reload/plugin-table.ts';
import { Preparation } from './reload/prepare.ts';
import { Transactions } from './reload/transaction.ts';
import type { Remote } from './runtime/api.ts';
import type { Build } from './source/build.ts';
import { BuildDirectory } from './source/build-directory.ts';
import type { Discovered } from './source/discover.ts';
import type { StatusListener, StatusName } from './status.ts';
import { endHung } from './supervise/hang-report.ts';
import { MemoryGuard } from './supervise/memory-guard.ts';
import { Supervisor } from './supervise/supervisor.ts';
import { Watchdog } from './supervise/watchdog.ts';
import { unusedEntries } from './unused-entries.ts';
import { makeLoopsEndable } from './v8-flags.ts';
import type { Registration } from './wire/messages.ts';
import { snapshot } from './wire/snapshot.ts';
import { FILES_MS, within } from './within.ts';

/** A longer profile would not fit in one message. */
const MAX_PROFILE_MS = 600_000;

/** So long a store has at least to flush, ms, whatever is left of a budget. */
const LEAST_FLUSH_MS = 1_000;
const HAS_A_THREAD = new Set<PluginState>(['preparing', 'starting', 'running', 'reloading', 'stopping']);

export interface LoadAllResult {
  /** Names of the plugins that run. */
  loaded: string[];
  /** `name` is that of the plugin, or its id if it never loaded; of a directory that is missing, its path. */
  failed: { name: string; error: Error }[];
  /** Names of the plugins that wait for a service of another. */
  waiting: string[];
}

/**
 * Runs every plugin of some directories in a thread of its own, and reloads it when its files change.
 *
 * ```ts
 * const manager = new PluginManager({ pluginDir: 'plugins', bot: { send: (channel, text) => irc.say(channel, text) } });
 * await manager.loadAll();
 * ```
 *
 * Every method can be called at any time, also twice and during another; what concerns one plugin happens one after the
 * other. Plugins go by their names; one that never loaded goes by the name of its file or folder.
 *
 * For a name that no plugin has, methods reject with `ERR_PLUGIN_NOT_FOUND`; for one that is no text, with
 * `ERR_INVALID_ARGUMENT`, which `get` and `plugin` throw. During `unloadAll`, what may start a plugin rejects with
 * `ERR_MANAGER_CLOSED`. What a plugin asks for in its own setup, teardown or `onConfig`, and what would have to wait for the
 * end of that, rejects with `ERR_CALL_CYCLE`. The constructor throws `ERR_INVALID_OPTIONS`, or what `configure` rejects with
 * if a configuration cannot be sent to a plugin.
 */
export class PluginManager implements AsyncDisposable {
  /** Watches the plugin directories; `loadAll` starts it unless the options say otherwise. */
  readonly hotReload: HotReloadWatcher;
  /** The commands of all plugins. */
  readonly commands: Commands;
  readonly #options: ResolvedOptions;
  readonly #config: Map<string, unknown>;
  readonly #pluginOptions: Map<string, PluginOptions>;
  readonly #table = new PluginTable();
  readonly #reports: Reports;
  readonly #deadlines = new Deadlines();
  readonly #schedules = new Schedules();
  readonly #bus: Bus;
  readonly #standbys: Standbys;
  readonly #failures: Failures;
  readonly #operations: Operations;
  readonly #look: Look;
  readonly #bot: BotFunctions;
  readonly #slotHost: SlotHost;
  readonly #builds = new BuildDirectory();
  readonly #earlyBuilds: EarlyBuilds;
  readonly #pools: OffloadPools;
  readonly #crashFiles: CrashFiles | undefined;
  readonly #diagnostics = new DiagnosticFiles();
  readonly #disabled: DisabledPlugins;
  /** Raised by each `unloadAll`: what was begun before does not go on after it. */
  #epoch = 0;
  #unloading: Promise<void> | undefined;
  /** How long to wait for the state store, whatever becomes of single plugins. */
  readonly #patience = new Patience();

  constructor(options: PluginManagerOptions) {
    this.#options = resolveOptions(options);
    this.#config = new Map(Object.entries(snapshot(this.#options.config, 'config', 'keep')));
    this.#pluginOptions = new Map(Object.entries(this.#options.plugins));
    this.#bot = new BotFunctions(this.#options.bot);
    this.#reports = new Reports(this.#options.logger ?? defaultLogger());
    this.#bus = new Bus(() => this.#table);
    this.commands = new Commands(() => this.#table);
    const report: Reports['report'] = (event, data) => this.#reports.report(event, data);
    this.#pools = new OffloadPools(this.#builds, (...zombie) => this.#noteZombie(...zombie));
    const store = guardedStore(this.#options.stateStore ?? memoryStateStore(), (error, text) =>
      this.#reports.error(error, text),
    );
    this.#disabled = new DisabledPlugins(store, this.#patience);
    if (this.#options.setV8Flags) makeLoopsEndable();
    const spec = specOf(resolvePluginOptions(undefined, this.#options.defaults));
    const start = isolateStarter(this.#options.setV8Flags, () => this.#builds.processFolder());
    this.#standbys = new Standbys(this.#options.standbys, spec, start);
    this.#slotHost = {
      deadlines: this.#deadlines,
      store,
      report,
      bot: (method, args) => this.#bot.call(method, args),
      offload: (...job) => this.#pools.run(...job),
      emit: (slot, topic, payload) => void this.#emitFrom(slot, topic, payload),
      registered: (slot, registration) => this.#registered(slot, registration),
      unregistered: (slot, id) => this.#schedules.remove(slot, id),
      ended: (slot, generation, end) => this.#ended(slot, generation, end),
    };
    // What is left of a build goes with its directory.
    const discard = (build: Build) => void this.#builds.discard(build).catch(() => {});
    const memory = new MemoryGuard({
      recycle: (...what) => void this.#operations.recycle(...what),
      overridden: ({ name }, text) => report('log', { name, level: 'warn', fields: {}, text }),
    });
    const watchdog = new Watchdog({
      hung: (generation, hangMs) => endHung(generation, hangMs, report),
      looked: (slot, generation) => memory.look(slot, generation),
    });
    const preparation = new Preparation({
      standbys: this.#standbys,
      buildDirectory: (slot) => this.#builds.of(slot.id),
      botFunctions: this.#bot.names,
      checkRoom: (slot) => this.#checkRoom(slot),
      table: this.#table,
      discard,
      watch: (slot, generation) => watchdog.watch(slot, generation),
    });
    this.#earlyBuilds = preparation.earlyBuilds;
    const supervisor = new Supervisor({
      report,
      restart: async (slot) => {
        if (this.#unloading === undefined) await this.#operations.restart(slot);
      },
    });
    const transactions = new Transactions({
      preparation,
      schedules: this.#schedules,
      report,
      forgetCrashes: (slot) => supervisor.forgetCrashes(slot),
      table: this.#table,
      discard,
    });
    const { crashDir } = this.#options;
    if (crashDir !== undefined) {
      this.#crashFiles = new CrashFiles(resolve(crashDir), ({ plugin }, err) => {
        const text = `The report of the crash could not be written: ${asError(err).message}`;
        report('log', { name: plugin, level: 'error', fields: { err }, text });
      });
    }
    const freed = (slot: Slot) => {
      if (this.#unloading === undefined) this.#look.retryBlockedBy(slot);
    };
    this.#failures = new Failures({
      supervisor,
      report,
      isWatching: () => this.hotReload.isEnabled,
      crashed: (slot, crash) => this.#crashFiles?.write(slot.id, crash),
      freed,
    });
    this.#operations = new Operations({
      transactions,
      supervisor,
      failures: this.#failures,
      limiter: new Limiter(this.#options.concurrency),
      setDisabled: (slot, disabled) => this.#disabled.set(slot.id, disabled),
      forget: (slot) => {
        this.#table.remove(slot);
        this.#earlyBuilds.drop(slot);
        for (const build of slot.builds) discard(build);
      },
      freed,
      settled: () => this.#settled(),
    });
    this.#look = new Look({
      directories: this.#options.pluginDirs,
      table: this.#table,
      operations: this.#operations,
      earlyBuilds: this.#earlyBuilds,
      adopt: (found) => this.#adopt(found),
      report,
      warn: (text) => report('watch', { name: 'hotReload', mode: this.hotReload.mode, level: 'warn', text }),
      lookAgain: (inMs) => this.hotReload.lookAgain(inMs),
      quietMs: this.#options.hotReload.debounceMs,
      isWatching: () => this.hotReload.isEnabled,
    });
    this.hotReload = new HotReloadWatcher(this.#options.hotReload, {
      checkOpen: () => this.#checkOpen(),
      roots: this.#options.pluginDirs,
      look: (hints, since) => this.#look.act(hints, since),
      changedSince: (since) => changedSince(since, this.#inputs(), this.#options.pluginDirs),
      anticipate: (hints) => this.#look.anticipate(hints),
      forgo: () => this.#earlyBuilds.dropAll(),
      outOfDate: () => this.#look.outOfDate(),
      inputs: () => this.#inputs(),
      watching: (mode, level, text) => report('watch', { name: 'hotReload', mode, level, text }),
    });
  }

  /**
   * Loads everything in the plugin directories, side by side, and starts watching them. One that is slow or broken holds
   * up nobody; `failed` says what is wrong with it. Rejects with `ERR_STATE_STORE` if the store does not say which plugins are
   * disabled.
   */
  async loadAll(): Promise<LoadAllResult> {
    this.#checkOpen();
    const epoch = this.#epoch;
    if (this.#options.hotReload.enabled) await this.hotReload.start();
    const { slots, failed } = await this.#look.discoverAll();
    this.#checkEpoch(epoch);
    const result: LoadAllResult = { loaded: [], failed, waiting: [] };
    await Promise.all(
      slots
        .filter((slot) => slot.lifecycle.state !== 'disabled')
        .map(async (slot) => {
          try {
            await this.#operations.load(slot);
            result.loaded.push(slot.name);
          } catch (error) {
            failed.push({ name: slot.name, error: error as Error });
          }
        }),
    );
    result.loaded.sort();
    if (this.#epoch === epoch) this.#warnOfUnused(failed.map(({ name }) => name));
    return result;
  }

  /**
   * Ends everything: first the watching, then what is under way, then every plugin with drain and teardown. Afterwards
   * nothing of the manager keeps the process alive; `loadAll` may be called again.
   *
   * @param options.timeoutMs one budget for all drains and teardowns together, ms; a second call can tighten it. What is left
   * of it, and at least a second, the state store has to flush. Default: each plugin has its own times.
   * @throws {BulkheadError} `ERR_INVALID_ARGUMENT`; `ERR_CALL_CYCLE` if a plugin asks for it in its teardown, and waits
   */
  async unloadAll(options: { timeoutMs?: number } = {}): Promise<void> {
    checkOptions('unloadAll', options, ['timeoutMs']);
    const { timeoutMs = Number.POSITIVE_INFINITY } = options;
    if (!(typeof timeoutMs === 'number' && timeoutMs >= 0)) {
      const text = `unloadAll({ timeoutMs }): expected milliseconds from 0, got ${inspect(timeoutMs)}`;
      throw invalidArgument(text);
    }
    for (const slot of this.#table) refuseStopCycle(slot);
    this.#patience.limit(timeoutMs);
    for (const slot of this.#table) slot.patience.limit(timeoutMs);
    this.#unloading ??= this.#unloadEverything(timeoutMs).finally(() => {
      this.#unloading = undefined;
      this.#patience.unlimited();
    });
    return this.#unloading;
  }

  /**
   * Loads one plugin, also one whose file has only just come. Does nothing if it runs.
   *
   * Rejects with `ERR_PLUGIN_DISABLED`, `ERR_MAX_PLUGINS`, `ERR_STATE_STORE` or `ERR_PERMISSIONS`; with what is wrong with the
   * plugin: `ERR_PLUGIN_BUILD`, `ERR_PLUGIN_LOAD`, `ERR_PLUGIN_INVALID`, `ERR_PLUGIN_NAME_TAKEN`, `ERR_PLUGIN_CONFIG`,
   * `ERR_STATE_MIGRATION`, `ERR_PLUGIN_SETUP`, `ERR_PLUGIN_SETUP_TIMEOUT`, `ERR_COMMAND_TAKEN`; or with `ERR_PLUGIN_STOPPED` if
   * it is stopped meanwhile.
   */
  async load(name: string): Promise<void> {
    this.#checkOpen();
    await this.#withSlot(name, (slot) => this.#operations.load(slot));
  }

  /**
   * Drains the plugin, tears it down and ends its thread. Its state is kept. A change of its file does not load it again:
   * `load`, `reload`, `enable` or `rollback` does. Does nothing if it is disabled.
   */
  async unload(name: string): Promise<void> {
    await this.#withSlot(name, (slot) => this.#operations.unload(slot));
  }

  /**
   * Replaces the plugin by a new generation built from its file as it is now, changed or not; starts it if it does not run.
   * If that fails, the old generation goes on, or its build is started again. Rejects as `load` does.
   */
  async reload(name: string): Promise<void> {
    this.#checkOpen();
    await this.#withSlot(name, (slot) => this.#operations.reload(slot));
  }

  /**
   * Starts a plugin that does not run, for whatever reason, and forgets its crashes. It is no longer disabled, even if that
   * fails. Rejects as `load` does, but not with `ERR_PLUGIN_DISABLED`.
   */
  async enable(name: string): Promise<void> {
    this.#checkOpen();
    await this.#withSlot(name, (slot) => this.#operations.enable(slot));
  }

  /** Unloads the plugin until it is enabled, also through changes of its file and, with a store, restarts. */
  async disable(name: string): Promise<void> {
    await this.#withSlot(name, (slot) => this.#operations.disable(slot));
  }

  /**
   * Goes back to the build that was accepted before, with the present state. That is what `enable`, `load` and the like start
   * from then on, until the file changes or `reload` is called. If the versions of the state differ, it rejects with
   * `ERR_STATE_SNAPSHOT` and says what would be lost, unless `{ state: 'snapshot' }` asks for the old state. The last five
   * builds are kept; without one it rejects with `ERR_NO_ROLLBACK`. Otherwise rejects as `load` does, or with
   * `ERR_INVALID_ARGUMENT`.
   */
  async rollback(name: string, options: { state?: 'snapshot' } = {}): Promise<void> {
    this.#checkOpen();
    checkIsName(name);
    checkOptions('rollback', options, ['state']);
    const { state } = options;
    if (state !== undefined && state !== 'snapshot') {
      const text = `rollback('${name}', { state }): expected 'snapshot' or nothing, got ${inspect(state)}`;
      throw invalidArgument(text, { plugin: name });
    }
    await this.#withSlot(name, (slot) => this.#operations.rollback(slot, options));
  }

  /**
   * Changes a plugin's configuration, by its `onConfig` or a reload. A value that is refused is not kept. A plugin that does
   * not run is started with it; but for one that is disabled or was unloaded the value is only kept, and is checked when the
   * plugin is started. It is also kept, as that of an id, for a plugin that is not there yet, though this rejects with
   * `ERR_PLUGIN_NOT_FOUND`. Rejects as `load` does, or with `ERR_NOT_CLONEABLE` or `ERR_VALUE_TOO_LARGE`.
   */
  async configure(name: string, value: unknown): Promise<void> {
    this.#checkOpen();
    checkIsName(name);
    const config = snapshot(value, `the configuration of '${name}'`, 'keep');
    const isTaken = this.#withSlot(name, async (slot) => {
      await this.#operations.configure(slot, config);
      this.#config.set(slot.id, config);
    });
    await this.#elseOfAbsent(name, isTaken, () => this.#config.set(name, config));
  }

  /**
   * Forgets what the plugin stored. By its id also what is left of one that is gone, though this rejects with
   * `ERR_PLUGIN_NOT_FOUND`. Rejects with `ERR_CALL_TIMEOUT` if the plugin does not take notice within its `callTimeoutMs`, with
   * `ERR_PLUGIN_CRASHED` if it ends meanwhile, or with `ERR_STATE_STORE`.
   */
  async clearState(name: string): Promise<void> {
    const isCleared = this.#withSlot(name, (slot) => this.#operations.clearState(slot));
    await this.#elseOfAbsent(name, isCleared, () => this.#slotHost.store.clear(name));
  }

  /**
   * Writes what is on the plugin's heap to a file that Chrome's tools can open (Memory, Load). The plugin stands still
   * while it is taken. Rejects with `ERR_INVALID_ARGUMENT` or `ERR_PLUGIN_UNAVAILABLE`, with `ERR_PLUGIN_CRASHED`,
   * `ERR_PLUGIN_RELOADED` or `ERR_PLUGIN_STOPPED` if the generation ends before all of it was told, or with what the file system
   * says; then there is no file.
   *
   * @param options.file default: name, generation and time with the ending `.heapsnapshot`, in the working directory
   * @returns the path of the file
   */
  async heapSnapshot(name: string, options: { file?: string } = {}): Promise<string> {
    checkFile('heapSnapshot', options);
    return this.#diagnostics.heapSnapshot(this.#table.get(name).serving(), options.file);
  }

  /**
   * Writes what the plugin spends its time on, from now on for `ms` (1 to 600,000), to a file that Chrome's tools can open
   * (Performance, Load profile), in the author's lines. The plugin goes on meanwhile, a little slower. Rejects as
   * `heapSnapshot` does, or with Node's own error if the plugin has `permissions`.
   *
   * @param options.file default: name, generation and time with the ending `.cpuprofile`, in the working directory
   * @returns the path of the file
   */
  async cpuProfile(name: string, ms: number, options: { file?: string } = {}): Promise<string> {
    checkIsName(name);
    if (!(typeof ms === 'number' && ms >= 1 && ms <= MAX_PROFILE_MS)) {
      const text = `cpuProfile('${name}', ms): expected a time from 1 to ${MAX_PROFILE_MS} ms, got ${inspect(ms)}`;
      throw invalidArgument(text, { plugin: name });
    }
    checkFile('cpuProfile', options);
    return this.#diagnostics.cpuProfile(this.#table.get(name).serving(), ms, options.file);
  }

  /** What is known of a plugin at this moment; `undefined` if there is none of that name. */
  get(name: string): PluginInfo | undefined {
    const slot = this.#table.find(name);
    return slot === undefined ? undefined : describePlugin(slot);
  }

  /** What is known of all plugins at this moment, by name. */
  list(): PluginInfo[] {
    return [...this.#table].map(describePlugin).sort((a, b) => a.name.localeCompare(b.name));
  }

  /**
   * The functions a plugin returned from setup, each as a promise. The object stands for the name, and can be kept: calls
   * reach whichever generation serves, and wait during a reload.
   *
   * Calls reject with the error of the function; with `ERR_NO_SUCH_METHOD`, `ERR_NOT_CLONEABLE` or `ERR_VALUE_TOO_LARGE` if
   * they cannot be made; with `ERR_PLUGIN_UNAVAILABLE` or `ERR_QUEUE_FULL` if nobody can take them; with `ERR_CALL_TIMEOUT`; with
   * `ERR_PLUGIN_CRASHED`, `ERR_PLUGIN_RELOADED` or `ERR_PLUGIN_STOPPED` if the generation ends before; or, if the plugin's
   * own setup waits for them, with `ERR_CALL_CYCLE`.
   */
  plugin<T>(name: string): Remote<T> {
    checkIsName(name);
    return pluginProxy<T>(name, async (method, args) =>
      this.#table.get(name).call({ kind: 'method', name: method }, args),
    );
  }

  /**
   * Publishes an event of the bot. Resolves when it is delivered (not handled), saying to whom. Never rejects. A plugin that
   * is still in its first setup is not waited for: it gets the event if it subscribes to it, but does not stand in the result.
   */
  emit(topic: string, payload?: unknown): Promise<EmitResult> {
    return this.#bus.emit(topic, payload, 'host');
  }

  /**
   * Listens to status events; returns a function that stops it. A listener that throws, or whose promise rejects, is logged.
   *
   * @throws {BulkheadError} `ERR_INVALID_ARGUMENT` for an unknown event, or a listener that is no function
   */
  on<K extends StatusName>(status: K, listener: StatusListener<K>): () => void {
    return this.#reports.on(status, listener);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.unloadAll();
  }

  async #unloadEverything(timeoutMs: number): Promise<void> {
    this.#epoch++;
    await within(this.hotReload.stop(), FILES_MS);
    await Promise.all([...this.#table].map((slot) => this.#operations.unload(slot, timeoutMs)));
    for (const slot of [...this.#table]) this.#table.remove(slot);
    await this.#standbys.close();
    await this.#pools.closed();
    this.#deadlines.clear();
    await this.#flushStore();
    if (this.#crashFiles !== undefined) await within(this.#crashFiles.flush(), FILES_MS);
    await within(this.#diagnostics.settled(), FILES_MS);
    await within(this.#earlyBuilds.idle(), FILES_MS);
    await within(this.#builds.remove(), FILES_MS);
  }

  async #flushStore(): Promise<void> {
    const late = (ms: number) =>
      new BulkheadError('ERR_STATE_STORE', `The state store did not flush within ${ms} ms`);
    this.#patience.atLeast(LEAST_FLUSH_MS);
    try {
      await this.#patience.wait(this.#slotHost.store.flush(), Number.POSITIVE_INFINITY, late);
    } catch (error) {
      this.#reports.error(asError(error), asError(error).message);
    }
  }

  /** Does something with a plugin, at once if it is known. */
  #withSlot(name: string, operation: (slot: Slot) => Promise<void>): Promise<void> {
    const slot = this.#table.find(name);
    return slot === undefined || slot.problem !== undefined
      ? this.#lookFor(name).then(operation)
      : operation(slot);
  }

  /** Does what can be done for a plugin that is not there: it may come, or have gone. The operation rejects all the same. */
  async #elseOfAbsent(id: string, operation: Promise<void>, act: () => void): Promise<void> {
    try {
      await operation;
    } catch (error) {
      if (codeOf(error) === 'ERR_PLUGIN_NOT_FOUND' && this.#table.byId(id) === undefined) act();
      throw error;
    }
  }

  /** It may have come, and what was wrong with its file or folder may have been put right. */
  async #lookFor(name: string): Promise<Slot> {
    this.#checkOpen();
    const epoch = this.#epoch;
    await this.#look.discoverOne(name);
    this.#checkEpoch(epoch);
    return this.#table.get(name);
  }

  #checkOpen(): void {
    if (this.#unloading === undefined) return;
    throw new BulkheadError('ERR_MANAGER_CLOSED', 'Everything is being unloaded; wait for unloadAll() first');
  }

  #checkEpoch(epoch: number): void {
    this.#checkOpen();
    if (this.#epoch === epoch) return;
    for (const slot of [...this.#table]) if (slot.lifecycle.state === 'discovered') this.#table.remove(slot);
    throw new BulkheadError('ERR_MANAGER_CLOSED', 'Everything was unloaded while this was under way');
  }

  #checkRoom(slot: Slot): void {
    this.#checkOpen();
    const others = [...this.#table].filter(
      (other) => other !== slot && HAS_A_THREAD.has(other.lifecycle.state),
    ).length;
    if (others < this.#options.maxPlugins) return;
    throw new BulkheadError(
      'ERR_MAX_PLUGINS',
      `Plugin '${slot.name}' is not loaded: ${others} plugins run, and maxPlugins is ${this.#options.maxPlugins}; ` +
        `raise 'maxPlugins' or unload one`,
      { plugin: slot.name },
    );
  }

  async #adopt(found: Discovered): Promise<Slot> {
    const isDisabled = await this.#disabled.has(found.id);
    const { defaults } = this.#options;
    const known = this.#table.byId(found.id);
    if (known !== undefined) return known;
    const slot = new Slot(
      found,
      resolvePluginOptions(this.#pluginOptions.get(found.id), defaults),
      this.#config.get(found.id),
      this.#slotHost,
    );
    this.#table.add(slot);
    if (isDisabled) {
      slot.lifecycle.moveTo('disabled');
      slot.refuseWork('unavailable');
    }
    return slot;
  }

  #ended(slot: Slot, generation: Generation, end: IsolateEnd): void {
    this.#pools.close(slot, generation);
    if (end.zombie) this.#noteZombie(slot, generation, generation.gone);
    if (generation === slot.current) this.#schedules.rest(slot);
    this.#failures.ended(slot, generation, end);
  }

  #noteZombie(slot: Slot, { number }: Generation, gone: Promise<unknown>): void {
    this.#reports.report('zombie', { name: slot.name, generation: number });
    slot.zombies++;
    const ended = () => void slot.zombies--;
    gone.then(ended, ended);
  }

  /** After setup, that is: what setup registers is checked when it ends. */
  #registered(slot: Slot, registration: Registration): void {
    const { current } = slot;
    if (registration.kind !== 'command') this.#schedules.add(slot, registration);
    else if (current !== undefined) this.#table.shareCommands(slot, current);
  }

  async #emitFrom(slot: Slot, topic: string, payload: unknown): Promise<void> {
    const { error } = await this.#bus.emitFrom(slot.name, topic, payload);
    if (error !== undefined) slot.log({ level: 'error', fields: { topic }, text: error.message });
  }

  #settled(): void {
    if (this.#unloading !== undefined) return;
    this.#standbys.refill();
    this.hotReload.inputsChanged();
  }

  /** @param refused ids of what was found beside the plugins, and could not be one */
  #warnOfUnused(refused: string[]): void {
    const ids = [...[...this.#table].map(({ id }) => id), ...refused];
    const { config, plugins } = this.#options;
    for (const text of [...unusedEntries('config', config, ids), ...unusedEntries('plugins', plugins, ids)])
      this.#reports.warn(text);
  }

  *#inputs(): Generator<string> {
    for (const slot of this.#table) yield* slot.acted?.paths ?? [];
  }
}

function checkFile(what: string, options: { file?: string }): void {
  checkOptions(what, options, ['file']);
  const { file } = options;
  if (file === undefined || (typeof file === 'string' && /^[^\0]+$/.test(file))) return;
  throw invalidArgument(`${what}: expected the path of a file, got ${inspect(file)}`);
}
