import { StringDecoder } from 'node:string_decoder';
import { formatWithOptions } from 'node:util';
import { asError, isError } from '../errors.ts';
import { LOG_LEVELS, type LogLevel } from '../status.ts';
import type { Allowance } from '../wire/allowance.ts';
import { cutLine, Lines } from '../wire/lines.ts';
import type { LogNote } from '../wire/messages.ts';
import { snapshot } from '../wire/snapshot.ts';
import { encodeError } from '../wire/wire-error.ts';
import type { PluginLogger } from './api.ts';

export type LogSink = (note: LogNote) => void;
type PrintAllowance = Pick<Allowance, 'log' | 'isLogSpent' | 'drop'>;

/** A logger shaped like pino whose records go to the host. */
export function createLogger(sink: LogSink, bindings: Record<string, unknown> = {}): PluginLogger {
  const logger: Record<string, unknown> = {
    child: (more: Record<string, unknown>) => createLogger(sink, { ...bindings, ...more }),
  };
  for (const level of LOG_LEVELS) {
    logger[level] = (first: unknown, ...rest: unknown[]) => sink(toNote(level, bindings, first, rest));
  }
  return logger as unknown as PluginLogger;
}

function toNote(
  level: LogLevel,
  bindings: Record<string, unknown>,
  first: unknown,
  rest: unknown[],
): LogNote {
  if (typeof first !== 'object' || first === null) {
    return { level, fields: sendable(bindings), text: format([first, ...rest]) };
  }
  const error = isError(first) ? first : undefined;
  const fields: Record<string, unknown> = { ...bindings, ...(error ? { err: error } : valuesOf(first)) };
  if (isError(fields.err)) fields.err = encodeError(fields.err);
  const text = rest.length === 0 && error ? cutLine(error.message) : format(rest);
  return { level, fields: sendable(fields), text };
}

/** A getter that throws costs its own field only. */
function valuesOf(fields: object): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const key of Object.keys(fields)) {
    try {
      values[key] = (fields as Record<string, unknown>)[key];
    } catch (error) {
      values[key] = `(not readable: ${asError(error).message})`;
    }
  }
  return values;
}

/** Fields that cannot be sent are shown as text: a log line is never lost for what it carries. */
function sendable(fields: Record<string, unknown>): Record<string, unknown> {
  try {
    return snapshot(fields, 'log fields');
  } catch {
    return Object.fromEntries(
      Object.entries(fields).map(([key, value]) => {
        try {
          return [key, snapshot(value, key)];
        } catch {
          return [key, format([value])];
        }
      }),
    );
  }
}

function format(args: unknown[]): string {
  return cutLine(formatWithOptions({ colors: false, depth: 3 }, ...args));
}

const CONSOLE_LEVELS = {
  debug: 'debug',
  log: 'info',
  info: 'info',
  warn: 'warn',
  error: 'error',
  trace: 'trace',
} as const;

/**
 * Sends what the plugin prints through `console` or its standard streams to the host, line by line.
 *
 * @returns sends what was printed and not ended by a newline
 */
export function captureConsole(allowance: PrintAllowance): () => void {
  for (const [method, level] of Object.entries(CONSOLE_LEVELS)) {
    console[method as keyof typeof CONSOLE_LEVELS] = (...args: unknown[]) => {
      if (allowance.isLogSpent) allowance.drop('log');
      else allowance.log({ level, fields: { source: 'console' }, text: format(args) });
    };
  }
  const printed = captureStream(process.stdout, 'stdout', 'info', allowance);
  const complained = captureStream(process.stderr, 'stderr', 'error', allowance);
  return () => {
    printed.flush();
    complained.flush();
  };
}

function captureStream(
  stream: NodeJS.WriteStream,
  source: string,
  level: LogLevel,
  allowance: PrintAllowance,
): { flush(): void } {
  const lines = new Lines({
    line: (text) => allowance.log({ level, fields: { source }, text }),
    isSpent: () => allowance.isLogSpent,
    skipped: (count) => allowance.drop('log', count),
  });
  const decoder = new StringDecoder('utf8');
  stream.write = ((chunk: unknown, encoding?: unknown, callback?: unknown) => {
    lines.write(typeof chunk === 'string' ? chunk : decoder.write(Buffer.from(chunk as Uint8Array)));
    const done = typeof encoding === 'function' ? encoding : callback;
    if (typeof done === 'function') process.nextTick(done as () => void);
    return true;
  }) as typeof stream.write;
  return {
    flush() {
      lines.write(decoder.end());
      lines.flush();
    },
  };
}
