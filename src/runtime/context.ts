import { isAbsolute } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { inspect } from 'node:util';
import { checkOptions } from '../check-options.ts';
import { invalidArgument } from '../errors.ts';
import { insteadOfFunction } from '../instead-of-function.ts';
import { MAX_TIMER_MS } from '../units.ts';
import { LIMITS } from '../wire/frames.ts';
import { checkPattern, checkTopic } from '../wire/topics.ts';
import type {
  CommandHandler,
  CommandOptions,
  EventHandler,
  PluginContext,
  PluginLogger,
  SubscribeOptions,
} from './api.ts';
import type { Handlers } from './handlers.ts';
import type { HostCalls } from './host-calls.ts';
import type { RuntimeState } from './state.ts';

const COMMAND_NAME = /^[\p{L}\p{N}][\p{L}\p{N}_-]{0,31}$/u;

export interface ContextParts {
  name: string;
  generation: number;
  /** The configuration at the time of asking. */
  config: () => unknown;
  bot: Record<string, (...args: unknown[]) => Promise<unknown>>;
  log: PluginLogger;
  signal: AbortSignal;
  state: RuntimeState;
  handlers: Handlers;
  calls: HostCalls;
  emit: (topic: string, payload: unknown) => void;
  disposers: (() => unknown)[];
  configHandlers: ((config: never) => unknown)[];
}

/** The `ctx` that `setup` gets: checks what the author passes, and hands it to the part that knows. */
export function createContext(parts: ContextParts): PluginContext {
  const { handlers } = parts;
  return {
    name: parts.name,
    generation: parts.generation,
    get config() {
      return parts.config();
    },
    bot: parts.bot as PluginContext['bot'],
    log: parts.log,
    signal: parts.signal,
    state: parts.state,
    on(pattern: string, handler: EventHandler, options: SubscribeOptions = {}) {
      checkPattern(pattern);
      checkFunction('ctx.on', handler);
      checkOptions('ctx.on', options, ['serial', 'redeliver']);
      for (const [name, value] of Object.entries(options)) checkFlag(`ctx.on: ${name}`, value);
      return handlers.subscribe(pattern, handler, options);
    },
    emit(topic, payload) {
      checkTopic(topic);
      parts.emit(topic, payload);
    },
    command(name: string, second: CommandOptions | CommandHandler, third?: CommandHandler) {
      checkCommandName(name);
      const [options, handler] = typeof second === 'function' ? [{}, second] : [second ?? {}, third];
      checkFunction('ctx.command', handler);
      checkOptions('ctx.command', options, ['usage', 'description', 'aliases']);
      const { usage = '', description = '', aliases = [] } = options;
      checkText(`usage of the command '${name}'`, usage);
      checkText(`description of the command '${name}'`, description);
      if (!Array.isArray(aliases)) {
        const text = `aliases of the command '${name}': expected a list of names, got ${inspect(aliases)}`;
        throw invalidArgument(text);
      }
      for (const each of aliases) checkCommandName(each);
      return handlers.command({ name, usage, description, aliases: [...aliases] }, handler);
    },
    every(ms, task) {
      checkFunction('ctx.every', task);
      return handlers.schedule({ kind: 'schedule', everyMs: checkMs('ctx.every', ms, 1) }, task);
    },
    timeout(ms, task) {
      checkFunction('ctx.timeout', task);
      return handlers.schedule({ kind: 'timeout', afterMs: checkMs('ctx.timeout', ms, 0) }, task);
    },
    onTeardown(dispose) {
      checkFunction('ctx.onTeardown', dispose);
      parts.disposers.push(dispose);
    },
    onConfig(handler) {
      checkFunction('ctx.onConfig', handler);
      parts.configHandlers.push(handler);
    },
    async offload<R>(file: URL | string, input?: unknown, options: { signal?: AbortSignal } = {}) {
      const url = fileUrl(file);
      checkOptions('ctx.offload', options, ['signal']);
      checkSignal('ctx.offload: signal', options.signal);
      return (await parts.calls.call('offload', url, [input, options])) as R;
    },
  };
}

function fileUrl(file: URL | string): string {
  const text = String(file);
  if (isFileUrl(text)) return text;
  if (isAbsolute(text)) return pathToFileURL(text).href;
  throw invalidArgument(
    `ctx.offload needs the URL of a file, got ${JSON.stringify(text)}. Write new URL('./file.ts', import.meta.url)`,
  );
}

function isFileUrl(text: string): boolean {
  try {
    return fileURLToPath(text) !== '';
  } catch {
    return false;
  }
}

function checkFunction(what: string, value: unknown): asserts value is (...args: never[]) => unknown {
  const found = insteadOfFunction(value);
  if (found !== undefined) throw invalidArgument(`${what} needs a function, got ${found}`);
}

function checkFlag(what: string, value: unknown): void {
  if (value === undefined || typeof value === 'boolean') return;
  throw invalidArgument(`${what}: expected true or false, got ${inspect(value)}`);
}

function checkSignal(what: string, value: unknown): void {
  if (value === undefined || value instanceof AbortSignal) return;
  throw invalidArgument(`${what}: expected an AbortSignal, got ${inspect(value)}`);
}

function checkText(what: string, value: unknown): asserts value is string {
  if (typeof value === 'string' && value.length <= LIMITS.commandTextLength) return;
  const got = typeof value === 'string' ? `${value.length} characters` : typeof value;
  throw invalidArgument(
    `${what}: expected a text of at most ${LIMITS.commandTextLength} characters, got ${got}`,
  );
}

function checkMs(what: string, ms: unknown, min: number): number {
  if (typeof ms === 'number' && ms >= min && ms <= MAX_TIMER_MS) return ms;
  throw invalidArgument(`${what} needs milliseconds from ${min} to ${MAX_TIMER_MS}, got ${String(ms)}`);
}

function checkCommandName(name: unknown): void {
  if (typeof name === 'string' && COMMAND_NAME.test(name)) return;
  throw invalidArgument(
    `${inspect(name, { depth: 0 })} cannot be a command; expected 1 to 32 letters, digits, '_' or '-', ` +
      'starting with a letter or digit, without the prefix',
  );
}
