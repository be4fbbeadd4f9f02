// First, since other parts of a bundle would fail with less to say.
import './unbundled.ts';
import { inspect } from 'node:util';
import { checkOptions } from './check-options.ts';
import { invalidArgument } from './errors.ts';
import type { Slot } from './isolate/slot.ts';
import { actOn } from './manager/act-on.ts';
import { assemble, type Parts } from './manager/assembly.ts';
import { type LoadAllResult, loadAll } from './manager/load-all.ts';
import { describePlugin, type PluginInfo } from './manager/plugin-info.ts';
import { pluginProxy } from './manager/plugin-proxy.ts';
import { unloadAll } from './manager/unload-all.ts';
import { type PluginManagerOptions, resolveOptions } from './options.ts';
import type { EmitResult } from './platform/bus.ts';
import type { Commands } from './platform/commands.ts';
import type { HotReloadWatcher } from './reload/hot-reload.ts';
import { checkIsName } from './reload/plugin-table.ts';
import type { Remote } from './runtime/api.ts';
import type { StatusListener, StatusName } from './status.ts';
import { snapshot } from './wire/snapshot.ts';

/** A longer profile would not fit in one message. */
const MAX_PROFILE_MS = 600_000;

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
  readonly #parts: Parts;

  constructor(options: PluginManagerOptions) {
    this.#parts = assemble(resolveOptions(options));
    this.hotReload = this.#parts.hotReload;
    this.commands = this.#parts.commands;
  }

  /**
   * Loads everything in the plugin directories, side by side, and starts watching them. One that is slow or broken holds
   * up nobody; `failed` says what is wrong with it. Rejects with `ERR_STATE_STORE` if the store does not say which plugins are
   * disabled.
   */
  async loadAll(): Promise<LoadAllResult> {
    return loadAll(this.#parts);
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
    await unloadAll(this.#parts, timeoutMs);
  }

  /**
   * Loads one plugin, also one whose file has only just come. Does nothing if it runs.
   *
   * Rejects with `ERR_PLUGIN_DISABLED`, `ERR_MAX_PLUGINS`, `ERR_STATE_STORE` or `ERR_PERMISSIONS`; with what is wrong with the
   * plugin: `ERR_PLUGIN_ENTRY`, `ERR_PLUGIN_BUILD`, `ERR_PLUGIN_LOAD`, `ERR_PLUGIN_INVALID`, `ERR_PLUGIN_NAME_TAKEN`,
   * `ERR_PLUGIN_CONFIG`, `ERR_STATE_MIGRATION`, `ERR_PLUGIN_SETUP`, `ERR_PLUGIN_SETUP_TIMEOUT`, `ERR_COMMAND_TAKEN`; or with
   * `ERR_PLUGIN_STOPPED` if it is stopped meanwhile.
   */
  async load(name: string): Promise<void> {
    this.#parts.openness.check();
    await actOn(this.#parts, name, (slot) => this.#parts.operations.load(slot));
  }

  /**
   * Drains the plugin, tears it down and ends its thread. Its state is kept. A change of its file does not load it again:
   * `load`, `reload`, `enable` or `rollback` does. Does nothing if it is disabled.
   */
  async unload(name: string): Promise<void> {
    await actOn(this.#parts, name, (slot) => this.#parts.operations.unload(slot));
  }

  /**
   * Replaces the plugin by a new generation built from its file as it is now, changed or not; starts it if it does not run.
   * If that fails, the old generation goes on, or its build is started again. Rejects as `load` does.
   */
  async reload(name: string): Promise<void> {
    this.#parts.openness.check();
    await actOn(this.#parts, name, (slot) => this.#parts.operations.reload(slot));
  }

  /**
   * Starts a plugin that does not run, for whatever reason, and forgets its crashes. It is no longer disabled, even if that
   * fails. Rejects as `load` does, but not with `ERR_PLUGIN_DISABLED`.
   */
  async enable(name: string): Promise<void> {
    this.#parts.openness.check();
    await actOn(this.#parts, name, (slot) => this.#parts.operations.enable(slot));
  }

  /** Unloads the plugin until it is enabled, also through changes of its file and, with a store, restarts. */
  async disable(name: string): Promise<void> {
    await actOn(this.#parts, name, (slot) => this.#parts.operations.disable(slot));
  }

  /**
   * Goes back to the build that was accepted before, with the present state. That is what `enable`, `load` and the like start
   * from then on, until the file changes or `reload` is called. If the versions of the state differ, it rejects with
   * `ERR_STATE_SNAPSHOT` and says what would be lost, unless `{ state: 'snapshot' }` asks for the old state. The last five
   * builds are kept; without one it rejects with `ERR_NO_ROLLBACK`. Otherwise rejects as `load` does, or with
   * `ERR_INVALID_ARGUMENT`.
   */
  async rollback(name: string, options: { state?: 'snapshot' } = {}): Promise<void> {
    this.#parts.openness.check();
    checkIsName(name);
    checkOptions('rollback', options, ['state']);
    const { state } = options;
    if (state !== undefined && state !== 'snapshot') {
      const text = `rollback('${name}', { state }): expected 'snapshot' or nothing, got ${inspect(state)}`;
      throw invalidArgument(text, { plugin: name });
    }
    await actOn(this.#parts, name, (slot) => this.#parts.operations.rollback(slot, options));
  }

  /**
   * Changes a plugin's configuration, by its `onConfig` or a reload. A value that is refused is not kept. A plugin that does
   * not run is started with it; but for one that is disabled or was unloaded the value is only kept, and is checked when the
   * plugin is started. It is also kept, as that of an id, for a plugin that is not there yet, though this rejects with
   * `ERR_PLUGIN_NOT_FOUND`. Rejects as `load` does, or with `ERR_NOT_CLONEABLE` or `ERR_VALUE_TOO_LARGE`.
   */
  async configure(name: string, value: unknown): Promise<void> {
    this.#parts.openness.check();
    checkIsName(name);
    const config = snapshot(value, `the configuration of '${name}'`, 'keep');
    const { operations, settings } = this.#parts;
    const take = async (slot: Slot) => {
      await operations.configure(slot, config);
      settings.setConfig(slot.id, config);
    };
    await actOn(this.#parts, name, take, () => settings.setConfig(name, config));
  }

  /**
   * Forgets what the plugin stored. By its id also what is left of one that is gone, though this rejects with
   * `ERR_PLUGIN_NOT_FOUND`. Rejects with `ERR_CALL_TIMEOUT` if the plugin does not take notice within its `callTimeoutMs`, with
   * `ERR_PLUGIN_CRASHED` if it ends meanwhile, or with `ERR_STATE_STORE`.
   */
  async clearState(name: string): Promise<void> {
    const { operations, store } = this.#parts;
    const clear = (slot: Slot) => operations.clearState(slot);
    await actOn(this.#parts, name, clear, () => store.clear(name));
  }

  /**
   * Writes what is on the plugin's heap to a file that Chrome's tools can open (Memory, Load). The plugin stands still
   * while it is taken. Rejects with `ERR_INVALID_ARGUMENT` or `ERR_PLUGIN_UNAVAILABLE`, with `ERR_PLUGIN_CRASHED`,
   * `ERR_PLUGIN_RELOADED` or `ERR_PLUGIN_STOPPED` if the generation ends before all of it was told, with `ERR_VALUE_TOO_LARGE`
   * if it does not come to an end, or with what the file system says. What is written by then is removed.
   *
   * @param options.file default: name, generation and time with the ending `.heapsnapshot`, in the working directory
   * @returns the path of the file
   */
  async heapSnapshot(name: string, options: { file?: string } = {}): Promise<string> {
    checkFile('heapSnapshot', options);
    return this.#parts.diagnostics.heapSnapshot(this.#parts.table.get(name).serving(), options.file);
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
    return this.#parts.diagnostics.cpuProfile(this.#parts.table.get(name).serving(), ms, options.file);
  }

  /** What is known of a plugin at this moment; `undefined` if there is none of that name. */
  get(name: string): PluginInfo | undefined {
    const slot = this.#parts.table.find(name);
    return slot === undefined ? undefined : describePlugin(slot);
  }

  /** What is known of all plugins at this moment, by name. */
  list(): PluginInfo[] {
    return [...this.#parts.table].map(describePlugin).sort((a, b) => a.name.localeCompare(b.name));
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
      this.#parts.table.get(name).call({ kind: 'method', name: method }, args),
    );
  }

  /**
   * Publishes an event of the bot. Resolves when it is delivered (not handled), saying to whom. Never rejects. A plugin that
   * is still in its first setup is not waited for: it gets the event if it subscribes to it, but does not stand in the result.
   */
  emit(topic: string, payload?: unknown): Promise<EmitResult> {
    return this.#parts.bus.emit(topic, payload, 'host');
  }

  /**
   * Listens to status events; returns a function that stops it. A listener that throws, or whose promise rejects, is logged.
   *
   * @throws {BulkheadError} `ERR_INVALID_ARGUMENT` for an unknown event, or a listener that is no function
   */
  on<K extends StatusName>(status: K, listener: StatusListener<K>): () => void {
    return this.#parts.reports.on(status, listener);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.unloadAll();
  }
}

function checkFile(what: string, options: { file?: string }): void {
  checkOptions(what, options, ['file']);
  const { file } = options;
  if (file === undefined || (typeof file === 'string' && /^[^\0]+$/.test(file))) return;
  throw invalidArgument(`${what}: expected the path of a file, got ${inspect(file)}`);
}
