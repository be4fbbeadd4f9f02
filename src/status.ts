/** As pino has them, the least first. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Why a generation ended by itself. */
export type CrashReason =
  /** An error that nobody caught, or a rejection that nobody handled. */
  | 'uncaught-exception'
  /** `process.exit`, with any code. */
  | 'exit'
  /** It reached `limits.heapMb`, or its process ran out of memory. */
  | 'heap-limit'
  /** Far over `limits.externalMb`. */
  | 'external-limit'
  /** It sent something malformed to the host. */
  | 'protocol-violation'
  /** Its event loop stood still for `hangMs`. */
  | 'hung'
  /** Its process ended in native code: a segmentation fault, an abort. */
  | 'native-crash'
  /** Its process was ended by somebody else. */
  | 'killed';

/** Why nobody will handle an event. */
export type DeadLetterReason =
  /** The plugin crashed before its handlers had ended. */
  | 'crashed'
  /** Its handlers had not ended when `drainMs` was over. */
  | 'cut'
  /** The plugin was unloaded or disabled. */
  | 'stopped'
  /** It waited during a reload or restart, and the new generation does not subscribe to it. */
  | 'unwanted'
  /** More than `queueLimit` waited for the plugin, or were under way. */
  | 'queue-full'
  /** The plugin does not run: it waits for its restart, is quarantined, or could not be started. */
  | 'unavailable';

/** Where a reload or load failed. */
export type Stage =
  /** What lies in the plugin directory cannot be a plugin. */
  | 'discover'
  /** Its source could not be built. */
  | 'build'
  /** Its thread could not be had, its module threw, or its definition is wrong. */
  | 'load'
  /** Its schema or its `onConfig` refused the configuration. */
  | 'config'
  /** The stored state could not be brought to its version. */
  | 'migrate'
  /** `setup` threw or took too long, or a command of it is another plugin's. */
  | 'setup';

export interface LogLine {
  /** ISO 8601. */
  at: string;
  level: LogLevel;
  text: string;
}

/** What a plugin uses and how busy it is. Memory and loop are as of its last heartbeat, at most 300 ms ago if it reacts. */
export interface PluginUsage {
  /** V8 heap, garbage included. */
  heapBytes: number;
  /** What V8 allows: `limits.heapMb`, and its young generation on top. */
  heapLimitBytes: number;
  /** Buffers and other memory outside the heap. */
  externalBytes: number;
  /** How much of the time its event loop was busy, 0 to 1, over about the last two seconds. */
  loopUtilization: number;
  /** Calls and events that wait for it or are under way in it. */
  queueDepth: number;
  /** Calls and events this generation has dealt with. */
  calls: number;
  /** How long these took, from being sent to their outcome, ms: half of them at most this. */
  p50Ms: number;
  p99Ms: number;
}

/** Everything known of a crash. */
export interface CrashReport {
  /** Name of the plugin. */
  plugin: string;
  generation: number;
  reason: CrashReason;
  message: string;
  /** Where the error was thrown, in the author's lines; `undefined` if there was none. */
  stack: string | undefined;
  /** ISO 8601. */
  at: string;
  /** How long this generation had served, ms. */
  uptimeMs: number;
  /** Its last 50 log lines, the oldest first. */
  log: LogLine[];
  /** `undefined` if it ended before it gave any sign of life. */
  usage: PluginUsage | undefined;
}

/** Which memory ran low. */
export type RecycleReason = 'heap' | 'external';

interface Base {
  /** Name of the plugin; of a plugin that never loaded, its id; of the watcher, `hotReload`. */
  name: string;
}

/** Everything that is reported, by `manager.on` and on `diagnostics_channel` as `bulkhead:<event>`. */
export interface StatusEvents {
  /** It serves, having been loaded or started again. */
  loaded: Base & {
    generation: number;
    version: string;
    /** From the start of the build to the moment it serves, ms. To wait for other loads does not count. */
    loadMs: number;
  };
  /** It serves no more: it was stopped, or ended and is not started again. */
  unloaded: Base & { generation: number };
  /** A new generation of it serves instead of the one before. */
  reloaded: Base & {
    generation: number;
    version: string;
    /** From the end of the quiet time, or the call of `reload`, to the moment the new version serves, ms. */
    saveToServingMs: number;
    /** How long nobody served, ms. */
    pauseMs: number;
  };
  /** It could not be loaded, reloaded or given a new configuration. */
  'reload-failed': Base & {
    stage: Stage;
    error: Error;
    /** The generation that still serves; `undefined` if there is none. */
    generation: number | undefined;
  };
  /** Something was written, with the same content. */
  unchanged: Base;
  /** It ended by itself after it had begun to serve. */
  crashed: Base & {
    generation: number;
    reason: CrashReason;
    error: Error;
    /** How long this generation had served, ms. */
    uptimeMs: number;
    report: CrashReport;
  };
  /** Its event loop stood still for `hangMs`; it is ended and counts as crashed. */
  hung: Base & {
    generation: number;
    /** Where it is stuck, in the author's lines, or why that is not known; `undefined` if that is outside JavaScript. */
    stack: string | undefined;
    text: string;
  };
  /** It was about to use more memory than it may, and was replaced by a new generation of the same build. */
  recycled: Base & {
    /** The new one. */
    generation: number;
    reason: RecycleReason;
    /** The figures of the old one. */
    text: string;
    /** How long nobody served, ms. */
    pauseMs: number;
  };
  /** It crashed or could not be started, and is started again. */
  restarting: Base & {
    /** How long from now, ms. */
    delayMs: number;
    /** How many there were since its file changed, or since it was stopped, enabled or started with a new configuration. */
    crashes: number;
  };
  /** It crashed too often, or left too many threads behind that do not end: it rests. */
  quarantined: Base & {
    /** As in `restarting`. */
    crashes: number;
    /** How many of its threads have not ended. */
    zombies: number;
    /** How long from now it is tried again, ms; 0 means never. */
    retryMs: number;
  };
  /** A thread did not stop when told to, and may still run. */
  zombie: Base & { generation: number };
  /** It logged or emitted more than its budget; told at most once a second. */
  dropped: Base & {
    generation: number;
    what: 'log' | 'emit';
    /** How many log lines or events, since this was told last. */
    count: number;
  };
  /** An event that it wanted and will not handle, or not to the end. */
  'dead-letter': Base & {
    topic: string;
    payload: unknown;
    /** Who emitted it: `host`, or the name of a plugin. */
    source: string;
    reason: DeadLetterReason;
  };
  /** It logged or printed something. */
  log: Base & { level: LogLevel; fields: Record<string, unknown>; text: string };
  /** The watcher changed its way of working as it should (`debug`), or has something to warn of. */
  watch: Base & { mode: 'native' | 'polling' | 'off'; level: 'debug' | 'warn'; text: string };
}

export type StatusName = keyof StatusEvents;
/** Passes a status event on to whoever listens. */
export type Report = <K extends StatusName>(event: K, data: StatusEvents[K]) => void;
export type StatusListener<K extends StatusName> = (event: StatusEvents[K]) => void;
