import type { StandardSchemaV1 } from '@standard-schema/spec';

/**
 * Filled in by the bot's author, once, to type `ctx.bot` in every plugin:
 *
 * ```ts
 * declare module 'bulkhead/plugin' {
 *   interface Register { bot: { send(channel: string, text: string): void } }
 * }
 * ```
 */
// biome-ignore lint/suspicious/noEmptyInterface: it exists to be merged with
export interface Register {}

/** The functions of `T` as they are seen from another thread: every one of them returns a promise. */
export type Remote<T> = {
  [K in keyof T as NonNullable<T[K]> extends (...args: never[]) => unknown ? K : never]: NonNullable<
    T[K]
  > extends (...args: infer A) => infer R
    ? ((...args: A) => Promise<Awaited<R>>) | Extract<T[K], null | undefined>
    : never;
};

/** What plugins may call as `ctx.bot`. */
export type Bot = Register extends { bot: infer B }
  ? Remote<B>
  : Record<string, (...args: unknown[]) => Promise<unknown>>;

/** A command line's message, as the bot host passes it on. */
export interface CommandMessage {
  /** Who wrote the command. */
  user: string;
  /** Where it was written. */
  channel: string;
  /** The whole line. */
  text: string;
}

/** What surrounds an event. */
export interface EventInfo {
  /** The topic it was emitted under, without wildcards. */
  topic: string;
  /** Who emitted it: `host`, or the name of a plugin. The host sets it; no plugin can choose it. */
  source: string;
  /** It was in flight already when the generation before this one crashed; see `redeliver`. */
  redelivered: boolean;
}

// biome-ignore lint/suspicious/noConfusingVoidType: a handler may return nothing
export type CommandResult = string | void | null | Promise<string | void | null>;
export type CommandHandler = (args: string[], message: CommandMessage) => CommandResult;
// biome-ignore lint/suspicious/noExplicitAny: as with `ctx.on`
export type EventHandler<P = any> = (payload: P, event: EventInfo) => unknown;

export interface CommandOptions {
  /** Arguments as shown by `!help`, for example `[n]d[sides]`. Default: none. */
  usage?: string;
  /** One line for `!help`. Default: none. */
  description?: string;
  /** Other names for the same command. Default: none. */
  aliases?: string[];
}

export interface SubscribeOptions {
  /** Start the next event only when the handler of the one before has ended. Default: false. */
  serial?: boolean;
  /**
   * Hand an event that was in flight when the plugin crashed to the next generation, first of all, instead of reporting it
   * as a dead letter; once, since the second time it may well be the cause. The handler may get it twice, then, the
   * second time with `redelivered`. Default: false.
   */
  redeliver?: boolean;
}

/** Shaped like pino: `log.info('text')`, `log.info({ field }, 'text %s', value)`, `log.error(error, 'text')`. */
export interface PluginLogger {
  trace: LogFunction;
  debug: LogFunction;
  info: LogFunction;
  warn: LogFunction;
  error: LogFunction;
  fatal: LogFunction;
  child(bindings: Record<string, unknown>): PluginLogger;
}

export type LogFunction = (first: unknown, ...rest: unknown[]) => void;

/**
 * Values that outlive the generation: reloads and crashes, and restarts of the bot if it has a store. Reads are local;
 * a write has left the plugin when the function returns. Values are copied in and out: change one by setting it again.
 * Setting `undefined` deletes.
 *
 * `set` and `update` throw `ERR_NOT_CLONEABLE` for a value that cannot be structured-cloned, `ERR_VALUE_TOO_LARGE` for one of
 * more than 64 MiB, `ERR_STATE_LIMIT` if the state would grow beyond `limits.stateMb` or writes come faster than the host
 * reads them, and `ERR_INVALID_ARGUMENT` for a key that is no string. Nothing is written then.
 */
export interface PluginState {
  // biome-ignore lint/suspicious/noExplicitAny: the author knows what was stored
  get<T = any>(key: string): T | undefined;
  set(key: string, value: unknown): void;
  /** Whether there is such a key. */
  has(key: string): boolean;
  /** Whether there was such a key. */
  delete(key: string): boolean;
  /** Sets what `change` makes of the present value, and returns it. */
  // biome-ignore lint/suspicious/noExplicitAny: the author knows what was stored
  update(key: string, change: (current: any) => unknown): any;
  update<T>(key: string, change: (current: T | undefined) => T): T;
  /** All keys with their values. */
  entries(): [key: string, value: unknown][];
}

export interface OffloadOptions {
  /** Aborts the job; its promise rejects at once. */
  signal?: AbortSignal;
}

/**
 * What a plugin gets from the host. Everything registered through it is undone by the host; nothing has to be removed by
 * hand. All of its functions throw `ERR_INVALID_ARGUMENT` for an argument of the wrong kind; `offload` rejects with it.
 */
export interface PluginContext<Config = unknown> {
  /** The plugin's `name`. */
  readonly name: string;
  /** 1 for the first load, one more for every reload or restart. */
  readonly generation: number;
  /** The checked configuration; always the newest when `onConfig` is used. */
  readonly config: Config;
  /**
   * The functions the bot offers, each returning a promise. It rejects with the error of the function, with
   * `ERR_TOO_MANY_CALLS` if more than `budgets.pendingCalls` wait, with `ERR_NOT_CLONEABLE` or `ERR_VALUE_TOO_LARGE` for an
   * argument that cannot be sent, or with `ERR_PLUGIN_FENCED` after teardown.
   */
  readonly bot: Bot;
  /** Writes to the host's log, with the plugin's name. What is over `budgets.logBytesPerSecond` is dropped and counted. */
  readonly log: PluginLogger;
  /** Aborted when teardown begins. */
  readonly signal: AbortSignal;
  /** What is to outlive this generation. */
  readonly state: PluginState;
  /**
   * Subscribes to a topic: tokens separated by dots, `*` for one token, `>` for one or more at the end. Returns a function
   * that ends it. What the handler throws is logged. Throws `ERR_INVALID_TOPIC`.
   */
  // biome-ignore lint/suspicious/noExplicitAny: a topic carries whatever its emitter sent; the handler says what it expects
  on<P = any>(pattern: string, handler: EventHandler<P>, options?: SubscribeOptions): () => void;
  /**
   * Publishes an event; during setup, when that has succeeded. Topics under `chat` and `bot` are the host's alone: such an
   * event is not published, and logged as an error. What is over `budgets.emitsPerSecond` or `budgets.emitBytesPerSecond` is
   * dropped and counted. Throws `ERR_INVALID_TOPIC`, `ERR_NOT_CLONEABLE` or `ERR_VALUE_TOO_LARGE`.
   */
  emit(topic: string, payload?: unknown): void;
  /**
   * Answers `!name`, in any letter case. What the handler returns is sent back to where the command came from. Returns a
   * function that ends it. A name or alias has 1 to 32 letters, digits, `_` or `-`, and begins with a letter or digit.
   *
   * Throws `ERR_COMMAND_TAKEN` if this plugin has such a name or alias already. If another plugin has it, setup fails with
   * that code; of a command that comes after setup this is logged instead, and the command is not registered.
   */
  command(name: string, handler: CommandHandler): () => void;
  command(name: string, options: CommandOptions, handler: CommandHandler): () => void;
  /**
   * Runs `task` every `ms` milliseconds, 1 to 2^31 - 1, never twice at once: times at which it still runs are skipped, and
   * not made up for. Rests during a reload. What it throws is logged. Returns a function that ends it.
   */
  every(ms: number, task: () => unknown): () => void;
  /**
   * Runs `task` once, in `ms` milliseconds, 0 to 2^31 - 1, unless the generation ends before. What it throws is logged.
   * Returns a function that cancels it.
   */
  timeout(ms: number, task: () => unknown): () => void;
  /** Runs when the generation is torn down, last registered first. The host can still be called. */
  onTeardown(dispose: () => unknown): void;
  /**
   * Takes a changed configuration without a reload. Without such a handler a change reloads the plugin. If it throws, the
   * configuration before stays.
   */
  onConfig(handler: (config: Config) => unknown): void;
  /**
   * Runs the default export of a module of this plugin in a thread pool, for work that would keep the event loop busy:
   * `await ctx.offload(new URL('./heavy.ts', import.meta.url), input)`. TypeScript as well. Rejects with the job's own
   * error, with `ERR_OFFLOAD` if the job cannot be run, with the signal's reason, or as calls of `bot` do.
   */
  offload<R = unknown>(file: URL | string, input?: unknown, options?: OffloadOptions): Promise<R>;
}

export interface PluginDefinition<Schema extends StandardSchemaV1 = StandardSchemaV1, Api = unknown> {
  /** What callers use. 1 to 64 letters, digits, `-`, `_` or `.`, beginning with a letter or digit. */
  name: string;
  /** Default: the name. */
  displayName?: string;
  /** A semantic version, for example `1.2.0`. */
  version: string;
  /** Default: none. */
  description?: string;
  /** Default: none. */
  author?: string;
  /** Any Standard Schema (zod, valibot, arktype …). Default: the configuration is passed as it is. */
  config?: Schema;
  state?: {
    /** Whole number from 1. Default: 1. */
    version: number;
    /** Makes entries of this version from those of another. It gets a copy, also on trial before a reload. */
    migrate?: (
      // biome-ignore lint/suspicious/noExplicitAny: entries of an older version have older types
      old: Record<string, any>,
      fromVersion: number,
    ) => Record<string, unknown> | Promise<Record<string, unknown>>;
  };
  /** How a new generation takes over: after the old one ended (`handover`, default), or while it still serves (`overlap`). */
  swap?: 'handover' | 'overlap';
  /** Registers what the plugin does, and returns the functions others may call. */
  setup(ctx: PluginContext<StandardSchemaV1.InferOutput<Schema>>): Api | Promise<Api>;
}

/** Types a plugin's definition; returns it unchanged. */
export function definePlugin<
  Schema extends StandardSchemaV1 = StandardSchemaV1<unknown, unknown>,
  Api = unknown,
>(definition: PluginDefinition<Schema, Api>): PluginDefinition<Schema, Api> {
  return definition;
}
