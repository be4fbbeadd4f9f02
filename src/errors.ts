import { inspect, types } from 'node:util';

/** Every code an error of Bulkhead can carry. Compare `error.code`, never `instanceof`, across threads. */
export const ERROR_CODES = {
  ERR_INVALID_OPTIONS: 'An option has a wrong type, an unknown name or a value out of range.',
  ERR_BUNDLED:
    'A bundler took Bulkhead into the code of the bot, or Yarn keeps it in an archive; the message says what to do.',
  ERR_MANAGER_CLOSED: 'The manager was told to unload everything while this was under way.',
  ERR_MAX_PLUGINS: 'Loading one more plugin would exceed `maxPlugins`.',
  ERR_PLUGIN_DIRECTORY: 'A plugin directory is not there or cannot be read.',
  ERR_PLUGIN_NOT_FOUND: 'No plugin has that name or id.',
  ERR_PLUGIN_ENTRY: 'The file or folder cannot be a plugin: no index, a broken link, an unusable name.',
  ERR_PLUGIN_BUILD:
    'The source could not be built: a syntax error, a missing import, an unreadable or too large file.',
  ERR_PLUGIN_LOAD:
    'The module threw, or did not finish within `startMs`, while it was imported, or its thread could not be had.',
  ERR_PLUGIN_INVALID: 'The default export is missing, or one of its fields has a wrong type or value.',
  ERR_PLUGIN_NAME_TAKEN: 'Another plugin already has that name or id.',
  ERR_PLUGIN_CONFIG: 'The configuration does not fit the schema of the plugin.',
  ERR_PLUGIN_SETUP: 'setup() threw, or the plugin ended during it.',
  ERR_PLUGIN_SETUP_TIMEOUT: 'setup() did not finish within `startMs`.',
  ERR_PLUGIN_SUPERSEDED:
    'Its files changed again before it served, and it was given up for what they are now.',
  ERR_COMMAND_TAKEN: 'Another plugin, or this one, already answers that command or alias.',
  ERR_STATE_MIGRATION: 'The stored state could not be brought to the version the plugin wants.',
  ERR_STATE_SNAPSHOT:
    'A rollback would need a state of another version; ask for it with `{ state: "snapshot" }`.',
  ERR_NO_ROLLBACK: 'There is no earlier accepted build to go back to.',
  ERR_PLUGIN_DISABLED: 'The plugin is disabled; enable it first.',
  ERR_PLUGIN_UNAVAILABLE: 'The plugin does not run at the moment; the message says in which state it is.',
  ERR_PLUGIN_CRASHED: 'The generation that worked on the call ended by itself.',
  ERR_PLUGIN_RELOADED: 'The call was still under way when `drainMs` ran out during a reload.',
  ERR_PLUGIN_STOPPED: 'The plugin was unloaded or disabled while the call was waiting or under way.',
  ERR_PLUGIN_FENCED: 'A generation that was already replaced tried to use the host.',
  ERR_NO_SUCH_METHOD: 'The plugin, or the bot, offers no function of that name.',
  ERR_CALL_TIMEOUT: 'A call, its time in the queue included, took longer than `callTimeoutMs`.',
  ERR_CALL_CYCLE:
    'A plugin asked, during its own setup, teardown or onConfig, for something that has to wait for that to end.',
  ERR_QUEUE_FULL: 'More calls and events wait for the plugin, or are under way, than `queueLimit` allows.',
  ERR_TOO_MANY_CALLS:
    'More calls of the plugin, or more in their arguments, wait for the host than `budgets.pendingCalls` and `budgets.pendingCallBytes` allow.',
  ERR_STATE_LIMIT:
    'The state would exceed `limits.stateMb`, or as much of its writes is still unread by the host.',
  ERR_STATE_STORE: 'The state store failed; the cause says why.',
  ERR_NOT_CLONEABLE: 'A value cannot be sent to another thread; the message has the path to it.',
  ERR_VALUE_TOO_LARGE: 'A value is larger than one message may be.',
  ERR_INVALID_TOPIC: 'A topic or pattern is not a list of tokens separated by dots.',
  ERR_INVALID_ARGUMENT: 'A function was called with an unusable argument.',
  ERR_PERMISSIONS:
    'The permissions given to the plugin cannot be kept: this Node has no means, or a link leads out of them.',
  ERR_PERMISSION_DENIED: 'The plugin asked for a module of Node that is kept from it; the message says why.',
  ERR_OFFLOAD: 'An offloaded job could not be run; the cause says why.',
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

export interface ErrorDetails {
  cause?: unknown;
  /** Name of the plugin, where there is one. */
  plugin?: string;
  /** Number of the generation, where there is one. */
  generation?: number;
}

/** The base of everything Bulkhead throws. `code` is stable; `message` is for people and may change. */
export class BulkheadError extends Error {
  // A field: assigning to it would throw where somebody has frozen what errors inherit.
  override readonly name: string = this.constructor.name;
  readonly code: ErrorCode;
  declare readonly plugin?: string;
  declare readonly generation?: number;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    if (details.plugin !== undefined) this.plugin = details.plugin;
    if (details.generation !== undefined) this.generation = details.generation;
  }
}

/** What a call rejects with when the generation that worked on it ends by itself. */
export class PluginCrashedError extends BulkheadError {
  /** Why the generation ended, for example `uncaught-exception` or `exit`. */
  readonly reason: string;
  constructor(plugin: string, generation: number, reason: string, text: string, cause?: unknown) {
    super('ERR_PLUGIN_CRASHED', `Plugin '${plugin}' (generation ${generation}) ended: ${text}`, {
      cause,
      plugin,
      generation,
    });
    this.reason = reason;
  }
}

/** What a call rejects with when a reload had to cut it because it did not end within `drainMs`. */
export class PluginReloadedError extends BulkheadError {
  readonly reason = 'reloaded';
  constructor(plugin: string, generation: number, drainMs: number) {
    super(
      'ERR_PLUGIN_RELOADED',
      `Plugin '${plugin}' (generation ${generation}) was reloaded while this was under way. It did not end within ${drainMs} ms ` +
        `('drainMs'), or could not be waited for: the plugin was stuck, or this had asked for the reload.`,
      { plugin, generation },
    );
  }
}

/** What a call rejects with when its plugin was unloaded or disabled. */
export class PluginStoppedError extends BulkheadError {
  readonly reason = 'stopped';
  constructor(plugin: string, generation: number) {
    super('ERR_PLUGIN_STOPPED', `Plugin '${plugin}' (generation ${generation}) was stopped`, {
      plugin,
      generation,
    });
  }
}

/** For a function that was called with an unusable argument. */
export function invalidArgument(text: string, details?: ErrorDetails): BulkheadError {
  return new BulkheadError('ERR_INVALID_ARGUMENT', text, details);
}

/** The `code` of anything thrown, also of errors that came from another thread. */
export function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** Whether it is one, also if it was made in another context of V8: by `node:vm`, or by Node itself for a bot that runs in one. */
export function isError(value: unknown): value is Error {
  return value instanceof Error || types.isNativeError(value);
}

/** What was thrown as an error; of something else its text, and itself as `cause`. */
export function asError(thrown: unknown): Error {
  if (isError(thrown)) return thrown;
  return new Error(typeof thrown === 'string' ? thrown : inspect(thrown), { cause: thrown });
}

/** The end of every exhaustive switch. */
export function assertNever(value: never): never {
  throw new Error(`Unexpected value: ${JSON.stringify(value)}`);
}
