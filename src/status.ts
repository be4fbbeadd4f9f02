/** Why nobody will handle an event. */
export type DeadLetterReason = 'crashed' | 'cut' | 'stopped' | 'unwanted' | 'queue-full' | 'unavailable';

/** Where a reload or load failed. */
export type Stage = 'discover' | 'build' | 'load' | 'config' | 'migrate' | 'setup';

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
  crashed: Base & { generation: number; reason: string; error: Error; uptimeMs: number };
  /** Its event loop stood still for `hangMs`; it is ended and counts as crashed. */
  hung: Base & {
    generation: number;
    /** Where it is stuck, in the author's lines; `undefined` if that is outside JavaScript. */
    stack: string | undefined;
    text: string;
  };
  restarting: Base & { delayMs: number; crashes: number };
  quarantined: Base & { crashes: number; zombies: number; retryMs: number };
  /** A thread did not stop when told to, and may still run. */
  zombie: Base & { generation: number };
  /** It logged or emitted more than its budget; told at most once a second. */
  dropped: Base & { generation: number; what: 'log' | 'emit'; count: number };
  'dead-letter': Base & { topic: string; payload: unknown; source: string; reason: DeadLetterReason };
  log: Base & { level: string; fields: Record<string, unknown>; text: string };
  /** The watcher changed its way of working, or has something to warn of. */
  watch: Base & { mode: 'native' | 'polling' | 'off'; text: string };
}

export type StatusName = keyof StatusEvents;
export type StatusListener<K extends StatusName> = (event: StatusEvents[K]) => void;
