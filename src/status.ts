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
export type DeadLetterReason = 'crashed' | 'cut' | 'stopped' | 'unwanted' | 'queue-full' | 'unavailable';

/** Where a reload or load failed. */
export type Stage = 'discover' | 'build' | 'load' | 'config' | 'migrate' | 'setup';

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
  plugin: string;
  generation: number;
  reason: CrashReason;
  message: string;
  /** Where the error was thrown, in the author's lines; `undefined` if there was none. */
  stack: string | undefined;
  /** ISO 8601. */
  at: string;
  /** How long this generation had served. */
  uptimeMs: number;
  /** Its last 50 log lines, the oldest first. */
  log: LogLine[];
  usage: PluginUsage;
}

/** Which memory ran low. */
export type RecycleReason = 'heap' | 'external';

interface Base {
  /** Name of the plugin; of a plugin that never loaded, its id; of the watcher, `hotReload`. */
  name: string;
}

/** Everything that is reported, by `manager.on` and on `diagnostics_channel` as `bulkhead:<event>`. */
export interface StatusEvents {
  loaded: Base & { generation: number; version: string; loadMs: number };
  unloaded: Base & { generation: number };
  reloaded: Base & {
    generation: number;
    version: string;
    /** From the end of the quiet time, or the call of `reload`, to the moment the new version serves. */
    saveToServingMs: number;
    /** How long nobody served. */
    pauseMs: number;
  };
  'reload-failed': Base & {
    stage: Stage;
    error: Error;
    /** The generation that still serves; `undefined` if there is none. */
    generation: number | undefined;
  };
  /** Something was written, with the same content. */
  unchanged: Base;
  crashed: Base & {
    generation: number;
    reason: CrashReason;
    error: Error;
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
    pauseMs: number;
  };
  restarting: Base & { delayMs: number; crashes: number };
  quarantined: Base & { crashes: number; zombies: number; retryMs: number };
  /** A thread did not stop when told to, and may still run. */
  zombie: Base & { generation: number };
  /** It logged or emitted more than its budget; told at most once a second. */
  dropped: Base & { generation: number; what: 'log' | 'emit'; count: number };
  'dead-letter': Base & { topic: string; payload: unknown; source: string; reason: DeadLetterReason };
  log: Base & { level: LogLevel; fields: Record<string, unknown>; text: string };
  /** The watcher changed its way of working as it should (`debug`), or has something to warn of. */
  watch: Base & { mode: 'native' | 'polling' | 'off'; level: 'debug' | 'warn'; text: string };
}

export type StatusName = keyof StatusEvents;
/** Passes a status event on to whoever listens. */
export type Report = <K extends StatusName>(event: K, data: StatusEvents[K]) => void;
export type StatusListener<K extends StatusName> = (event: StatusEvents[K]) => void;
