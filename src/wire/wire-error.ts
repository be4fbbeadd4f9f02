import { inspect } from 'node:util';
import { isError } from '../errors.ts';
import { LIMITS, type WireError } from './frames.ts';
import { measure } from './measure.ts';
import { snapshot } from './snapshot.ts';

const MAX_DEPTH = 8;
const MAX_PARTS = 100;
const MAX_TEXT = 20_000;

/** Names that a decoded error gets back its own class for, so that `instanceof RangeError` holds on the other side. */
const BUILT_IN = new Map<string, new (message: string) => Error>(
  [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError].map((each) => [
    each.name,
    each,
  ]),
);

/** How much more may be part of an error. */
interface Room {
  errors: number;
  bytes: number;
}

/**
 * Anything that was thrown, as data; of very many causes, parts and fields only those for which there is room. Never throws
 * itself, whatever was thrown.
 */
export function encodeError(thrown: unknown): WireError {
  return encode(thrown, 0, { errors: LIMITS.errorsInError, bytes: LIMITS.errorBytes });
}

function encode(thrown: unknown, depth: number, room: Room): WireError {
  room.errors--;
  try {
    if (isError(thrown)) return encodeRealError(thrown, depth, room);
    return { kind: 'value', value: fitting(thrown, 'thrown value', room) };
  } catch {
    return {
      kind: 'error',
      name: 'Error',
      message: `Something that cannot be sent was thrown: ${describe(thrown)}`,
    };
  }
}

/** The inverse of {@link encodeError}: an error with `name`, `message`, `code`, `cause`, `errors`, the sender's stack. */
export function decodeError(wire: WireError): unknown {
  if (wire.kind === 'value') return wire.value;
  const error =
    wire.errors !== undefined
      ? new AggregateError(wire.errors.map(decodeError), wire.message)
      : new (BUILT_IN.get(wire.name) ?? Error)(wire.message);
  if (wire.cause !== undefined) define(error, 'cause', decodeError(wire.cause));
  if (error.name !== wire.name) define(error, 'name', wire.name);
  define(error, 'stack', wire.stack ?? `${wire.name}: ${wire.message}`);
  for (const [key, value] of Object.entries(wire.fields ?? {})) {
    if (!(key in error)) (error as unknown as Record<string, unknown>)[key] = value;
  }
  if (wire.code !== undefined) (error as unknown as Record<string, unknown>).code = wire.code;
  return error;
}

function encodeRealError(error: Error, depth: number, room: Room): WireError {
  const wire: WireError = {
    kind: 'error',
    name: text(error.name, 'Error'),
    message: text(error.message, ''),
    stack: text(error.stack, ''),
  };
  const { code } = error as { code?: unknown };
  if (typeof code === 'number') wire.code = code;
  if (typeof code === 'string') wire.code = text(code, '');
  room.bytes -= measure(wire, LIMITS.errorBytes);
  const fields = ownFields(error, room);
  if (fields !== undefined) wire.fields = fields;
  if (depth < MAX_DEPTH) {
    const hasRoom = () => room.errors > 0 && room.bytes > 0;
    if (error.cause !== undefined && hasRoom()) wire.cause = encode(error.cause, depth + 1, room);
    if (isAggregate(error)) {
      wire.errors = [];
      for (const part of error.errors.slice(0, MAX_PARTS))
        if (hasRoom()) wire.errors.push(encode(part, depth + 1, room));
    }
  }
  return wire;
}

/** Also one of another context of V8, where it is of another class. */
function isAggregate(error: Error): error is AggregateError {
  if (error instanceof AggregateError) return true;
  return error.name === 'AggregateError' && Array.isArray((error as Partial<AggregateError>).errors);
}

/** The error's other own data (`errno`, `plugin`, `status` …), as far as it can be sent. */
function ownFields(error: Error, room: Room): Record<string, unknown> | undefined {
  let fields: Record<string, unknown> | undefined;
  for (const key of Object.keys(error)) {
    if (key === 'code' || key === 'cause' || key === 'name' || key === '__proto__') continue;
    try {
      const value = fitting((error as unknown as Record<string, unknown>)[key], key, room);
      fields ??= {};
      fields[key] = value;
    } catch {
      // What cannot be sent is left out: the error itself matters more.
    }
  }
  return fields;
}

/** A copy of the value, for which there must be room. */
function fitting(value: unknown, key: string, room: Room): unknown {
  const copy = snapshot(value, key);
  const bytes = measure({ [key]: copy }, room.bytes);
  if (bytes > room.bytes) throw new RangeError(`There is no room for '${key}'`);
  room.bytes -= bytes;
  return copy;
}

function describe(thrown: unknown): string {
  try {
    return inspect(thrown, { depth: 1, breakLength: Number.POSITIVE_INFINITY }).slice(0, 500);
  } catch {
    return typeof thrown;
  }
}

function text(value: unknown, fallback: string): string {
  return typeof value === 'string' ? value.slice(0, MAX_TEXT) : fallback;
}

function define(error: Error, key: 'cause' | 'name' | 'stack', value: unknown): void {
  Object.defineProperty(error, key, { value, configurable: true, writable: true, enumerable: false });
}
