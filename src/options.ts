import { resolve } from 'node:path';
import { managerSchema, parseOptions, pathOf } from './options-schema.ts';
import type { Permissions } from './permissions.ts';
import type { LogLevel } from './status.ts';

/** Shaped like pino. */
export type Logger = Record<LogLevel, (fields: object, text?: string) => void>;

/** When a plugin that ended by itself is started again. Times are from 0 to 2^31 - 1 ms, about 24.8 days. */
export interface RestartOptions {
  /** `permanent`: always. `transient`: not after a clean exit (code 0). `temporary`: never. Default: `permanent`. */
  type: 'permanent' | 'transient' | 'temporary';
  /** Wait before the first restart, ms; doubled each time. Default: 1,000. */
  initialDelayMs: number;
  /** Longest wait, ms. Default: 60,000. */
  maxDelayMs: number;
  /** After running this long, ms, the next wait is `initialDelayMs` again. Default: 300,000. */
  resetMs: number;
  /** So many crashes within `windowMs` quarantine the plugin, from 1; failed setups and restarts count too. Default: 10. */
  maxCrashes: number;
  /** The time before a crash in which `maxCrashes` are counted, ms; 0 means that none are. Default: 600,000. */
  windowMs: number;
  /** So many of its threads that do not end, stuck in system calls, quarantine it at its next crash, from 1. Default: 4. */
  maxZombies: number;
  /** A quarantined plugin is tried again after this, ms; 0 means never. Default: 900,000. */
  retryMs: number;
}

/** A plugin's stored state. */
export interface StoredState {
  /** `state.version` of the plugin that wrote it. */
  version: number;
  entries: [key: string, value: unknown][];
}

/**
 * Where states outlive the bot, by the ids of the plugins. Writes are applied in the order of the calls; they may be
 * asynchronous inside, and `flush` waits for them. Values are shared with the host: a store must not change them.
 *
 * A write or `flush` that fails is logged, once a second at most, and harms nobody: the state goes on in memory.
 */
export interface StateStore {
  /**
   * The state of a plugin, before its first start; `undefined` if there is none. If this fails, or takes longer than the
   * `startMs` of the plugin, the plugin is not started (`ERR_STATE_STORE`), and the next start asks again.
   */
  load(plugin: string): Promise<StoredState | undefined>;
  /**
   * Sets one key, or deletes it if the value is `undefined`. The version stays as it is: before the first write of a plugin
   * that has no state, a `replace` without entries says which it is.
   */
  write(plugin: string, key: string, value: unknown): void;
  /** Replaces everything. */
  replace(plugin: string, state: StoredState): void;
  /** Forgets everything, the version too. */
  clear(plugin: string): void;
  /** Ids of the plugins that are disabled. If this fails, or takes 30 s, `loadAll` rejects with `ERR_STATE_STORE`. */
  loadDisabled(): Promise<string[]>;
  setDisabled(plugin: string, disabled: boolean): void;
  /**
   * Resolves when everything that was written is safe. Called by `unloadAll`, when all plugins have ended. It gets what is
   * left of `timeoutMs`, and at least a second.
   */
  flush(): Promise<void>;
}

/**
 * Options of one plugin, given by the host under its id in `plugins`, or for all in `defaults`. Times are at most
 * 2^31 - 1 ms, about 24.8 days.
 */
export interface PluginOptions {
  /**
   * Where it runs: in a thread of the host's process, or in a process of its own, which also contains what a thread cannot
   * (native crashes, running out of memory all at once, blocking system calls) and costs more. Default: `thread`.
   */
  isolation?: 'thread' | 'process';
  limits?: {
    /**
     * V8 heap, MiB, 16 to 65,536. At about five sixths of it the plugin is recycled: replaced by a new generation of the
     * same build. Reaching it ends the generation. Default: 256.
     */
    heapMb?: number;
    /**
     * Memory outside the heap (buffers, native code), MiB, from 1. Above it the plugin is recycled; at twice as much it is
     * ended as if it had crashed. Default: 256.
     */
    externalMb?: number;
    /**
     * The plugin's state, which the host keeps, MiB, 1 to 256. A write that would make it larger throws `ERR_STATE_LIMIT`, as
     * does one while as much waits for the host to read it. More than 64 MiB cannot be migrated. Default: 64.
     */
    stateMb?: number;
  };
  /** Names of environment variables it may see. Default: none. */
  env?: string[];
  /** What it may do. Default: whatever the process may, but for `node:inspector` in a thread. */
  permissions?: Permissions;
  /** What to do when it ends by itself. Defaults: see {@link RestartOptions}. */
  restart?: Partial<RestartOptions>;
  /**
   * The event loop of the plugin may stand still for so long, ms, at least 1,000; then where it is stuck is reported
   * (`hung`) and it is ended as if it had crashed. Slow handlers that await are never meant. 0 means for ever. Default: 10,000.
   */
  hangMs?: number;
  /**
   * Longest time for importing the module, and again for `state.migrate`, for `setup()`, for `onConfig`, and for reading the
   * state from the store, ms, from 1. Default: 30,000.
   */
  startMs?: number;
  /** How long calls and handlers under way may take to end during a reload or stop, ms, 0 for not at all. Default: 5,000. */
  drainMs?: number;
  /** Longest time for all teardown functions together, ms, from 0. Default: 5,000. */
  teardownMs?: number;
  /** Longest time for one call, from the call on, its time in the queue included, ms, from 1. Default: 30,000. */
  callTimeoutMs?: number;
  /** Most calls and events that wait during a pause, and most that are under way, from 1. Default: 10,000. */
  queueLimit?: number;
  /** Each from 1. */
  budgets?: {
    /** What it may log and print, bytes a second; a second's worth at once. What is over is dropped. Default: 1 MiB. */
    logBytesPerSecond?: number;
    /** Events it may emit a second, likewise. Default: 10,000. */
    emitsPerSecond?: number;
    /** Size of these, bytes a second, likewise. Default: 2 MiB. */
    emitBytesPerSecond?: number;
    /** Most of its calls of the host that may wait at once; more reject with `ERR_TOO_MANY_CALLS`. Default: 1,000. */
    pendingCalls?: number;
    /** Most bytes in the arguments of these together; one alone may have more. More reject likewise. From 1. Default: 32 MiB. */
    pendingCallBytes?: number;
  };
  offload?: {
    /** Most threads at once, 1 to 64. Default: 2. */
    maxThreads?: number;
    /** Most jobs that wait for a thread, from 0. Default: 100. */
    maxQueue?: number;
  };
}

/** Times are at most 2^31 - 1 ms, about 24.8 days. */
export interface HotReloadOptions {
  /** Whether `loadAll` starts the watcher; `hotReload.start()` does in any case. Default: true. */
  enabled?: boolean;
  /**
   * Quiet time after the last change before anything happens, ms, from 0. A stream of changes is cut after ten times that.
   * Default: 500.
   */
  debounceMs?: number;
  /** Look at the files every `pollMs` instead of being told by the system; for network mounts and some containers. Default: false. */
  polling?: boolean;
  /** With polling: how often, ms, from 1. Default: 1,000. */
  pollMs?: number;
  /**
   * Looks at everything this often even without an event, ms, because events can be lost; 0 means never. Not used when
   * polling. Default: 30,000.
   */
  sweepMs?: number;
}

export interface PluginManagerOptions {
  /** One or several directories with plugins, as paths or `file:` URLs. A relative path starts at the working directory. */
  pluginDir: string | URL | (string | URL)[];
  /** The functions plugins may call as `ctx.bot`: own, enumerable functions of this object. Default: none. */
  bot?: object;
  /** Default: pino, to standard error. */
  logger?: Logger;
  /** Default: on. */
  hotReload?: boolean | HotReloadOptions;
  /** Configuration per plugin id, checked by the plugin's own schema. Default: none. */
  config?: Record<string, unknown>;
  /** Options per plugin id. Default: none. */
  plugins?: Record<string, PluginOptions>;
  /** Options for all plugins, each as far as the plugin does not have its own. Default: those of {@link PluginOptions}. */
  defaults?: PluginOptions;
  /** Where states, and which plugins are disabled, outlive reloads and the bot. Default: `memoryStateStore()`. */
  stateStore?: StateStore;
  /** Where reports of crashes are written, `<plugin id>/<time>-<generation>.json`, the last 20 of each. Default: nowhere. */
  crashDir?: string;
  /**
   * Threads, or processes if `defaults` say so, that have booted and wait for a plugin, 0 to 64; once a plugin has used the
   * other tier, as many of that too. They are for plugins with the `limits.heapMb` of `defaults` and without `permissions`;
   * others wait for their boot. Default: 1.
   */
  standbys?: number;
  /**
   * Sets V8's flag `--no-turboshaft-loop-unrolling` for the whole process, and those of plugins, before any code of a plugin runs.
   * Without it a plain loop that allocates cannot be ended on Node 24 and 26, and fills the memory. Default: true.
   */
  setV8Flags?: boolean;
  /** Most plugins that run at once, from 1; one more fails with `ERR_MAX_PLUGINS`. Default: 256. */
  maxPlugins?: number;
  /**
   * Most loads and reloads at once, 1 to 256; one that takes longer than a second no longer counts. Of those that replace a
   * version which serves, at most one fewer than there are processors boot an isolate at the same time, and at least one.
   * Default: 4.
   */
  concurrency?: number;
}

export type ResolvedPluginOptions = Required<
  Omit<PluginOptions, 'limits' | 'restart' | 'budgets' | 'offload' | 'permissions'>
> & {
  permissions?: Permissions;
  limits: { heapMb: number; externalMb: number; stateMb: number };
  restart: RestartOptions;
  budgets: Required<NonNullable<PluginOptions['budgets']>>;
  offload: { maxThreads: number; maxQueue: number };
};

export interface ResolvedOptions {
  /** Absolute, each once. */
  pluginDirs: string[];
  bot: object;
  logger: Logger | undefined;
  hotReload: Required<HotReloadOptions>;
  config: Record<string, unknown>;
  plugins: Record<string, PluginOptions>;
  defaults: PluginOptions;
  stateStore: StateStore | undefined;
  crashDir: string | undefined;
  standbys: number;
  setV8Flags: boolean;
  maxPlugins: number;
  concurrency: number;
}

/** Every default in one place. */
export const DEFAULTS = {
  plugin: {
    isolation: 'thread',
    limits: { heapMb: 256, externalMb: 256, stateMb: 64 },
    env: [],
    restart: {
      type: 'permanent',
      initialDelayMs: 1_000,
      maxDelayMs: 60_000,
      resetMs: 300_000,
      maxCrashes: 10,
      windowMs: 600_000,
      maxZombies: 4,
      retryMs: 900_000,
    },
    hangMs: 10_000,
    startMs: 30_000,
    drainMs: 5_000,
    teardownMs: 5_000,
    callTimeoutMs: 30_000,
    queueLimit: 10_000,
    budgets: {
      logBytesPerSecond: 1024 * 1024,
      emitsPerSecond: 10_000,
      emitBytesPerSecond: 2 * 1024 * 1024,
      pendingCalls: 1_000,
      pendingCallBytes: 32 * 1024 * 1024,
    },
    offload: { maxThreads: 2, maxQueue: 100 },
  } satisfies ResolvedPluginOptions,
  hotReload: { enabled: true, debounceMs: 500, polling: false, pollMs: 1_000, sweepMs: 30_000 },
  standbys: 1,
  setV8Flags: true,
  maxPlugins: 256,
  concurrency: 4,
} as const;

/**
 * Checks the options and fills in the defaults.
 *
 * @throws {BulkheadError} `ERR_INVALID_OPTIONS` with the path, what was expected and, for an unknown name, the nearest known.
 */
export function resolveOptions(given: PluginManagerOptions): ResolvedOptions {
  const options = parseOptions(managerSchema, given, 'options of PluginManager');
  const { hotReload: reload = true } = options;
  return {
    pluginDirs: [...new Set([options.pluginDir].flat().map((directory) => resolve(pathOf(directory))))],
    bot: options.bot ?? {},
    logger: options.logger,
    hotReload: over<Required<HotReloadOptions>>(
      DEFAULTS.hotReload,
      typeof reload === 'boolean' ? { enabled: reload } : reload,
    ),
    config: options.config ?? {},
    plugins: options.plugins ?? {},
    defaults: options.defaults ?? {},
    stateStore: options.stateStore,
    crashDir: options.crashDir,
    standbys: options.standbys ?? DEFAULTS.standbys,
    setV8Flags: options.setV8Flags ?? DEFAULTS.setV8Flags,
    maxPlugins: options.maxPlugins ?? DEFAULTS.maxPlugins,
    concurrency: options.concurrency ?? DEFAULTS.concurrency,
  };
}

/** The options of one plugin: its own, over those for all, over the built-in ones. */
export function resolvePluginOptions(
  own: PluginOptions = {},
  forAll: PluginOptions = {},
): ResolvedPluginOptions {
  const base: ResolvedPluginOptions = DEFAULTS.plugin;
  const permissions = over<Permissions>({}, forAll.permissions, own.permissions);
  return {
    ...(over<PluginOptions>(base, forAll, own) as ResolvedPluginOptions),
    permissions: Object.keys(permissions).length > 0 ? permissions : undefined,
    limits: over(base.limits, forAll.limits, own.limits),
    restart: over(base.restart, forAll.restart, own.restart),
    budgets: over(base.budgets, forAll.budgets, own.budgets),
    offload: over(base.offload, forAll.offload, own.offload),
  };
}

/** Each over those before it. What is `undefined` in one is not given there. */
function over<T extends object>(base: T, ...layers: (Partial<T> | undefined)[]): T {
  const given = layers.flatMap((layer) => Object.entries(layer ?? {}));
  return { ...base, ...Object.fromEntries(given.filter(([, value]) => value !== undefined)) };
}
