import { serialize } from 'node:v8';
import { asError, BulkheadError } from '../errors.ts';
import { findEmptied } from './emptied.ts';
import { LIMITS } from './frames.ts';
import { measure } from './measure.ts';
import { OwnMemoryDeserializer } from './own-memory.ts';
import { isPrimitive, isUncloneable, pathTo } from './uncloneable.ts';

/** Above this many objects the native clone is as fast, and it keeps shared references and cycles. */
const SMALL = 32;

/**
 * A deep copy of a structured-clonable value, taken at once: what the caller changes afterwards is not sent. Small plain
 * data is copied here, everything else by V8's serializer (so both tiers accept exactly the same values).
 *
 * @param use what is sent loses its fields under symbols on the way, what is kept has to lose them here: to look for them
 * takes longer than the copying
 * @throws {BulkheadError} `ERR_NOT_CLONEABLE` with the path to the offending part, `ERR_VALUE_TOO_LARGE`.
 */
export function snapshot<T>(value: T, where: string, use: 'send' | 'keep' = 'send'): T {
  if (isPrimitive(value)) {
    if (typeof value === 'string' && value.length * 2 > LIMITS.valueBytes)
      throw tooLarge(where, value.length * 2);
    return value;
  }
  const seen: object[] = [];
  try {
    return copyPlain(value, seen, use) as T;
  } catch (reason) {
    if (reason === NOT_SMALL_AND_PLAIN) return cloneNatively(value, where);
    throw unreadable(value, where, reason);
  }
}

const NOT_SMALL_AND_PLAIN = Symbol('not small and plain');

function copyPlain(value: unknown, seen: object[], use: 'send' | 'keep'): unknown {
  if (isPrimitive(value)) {
    if (typeof value === 'string' && value.length > 65_536) throw NOT_SMALL_AND_PLAIN;
    return value;
  }
  if (typeof value !== 'object' || value === null) throw NOT_SMALL_AND_PLAIN;
  if (seen.length === SMALL || seen.includes(value)) throw NOT_SMALL_AND_PLAIN;
  seen.push(value);
  if (Array.isArray(value)) {
    if (value.length > 1024) throw NOT_SMALL_AND_PLAIN;
    const copy: unknown[] = [];
    for (let index = 0; index < value.length; index++) {
      if (!(index in value)) throw NOT_SMALL_AND_PLAIN;
      copy.push(copyPlain(value[index], seen, use));
    }
    // What a list has beside its entries, such as the `index` of a match.
    if (Object.keys(value).length > value.length) throw NOT_SMALL_AND_PLAIN;
    return copy;
  }
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) throw NOT_SMALL_AND_PLAIN;
  // At once, which is several times as quick as key by key.
  const copy: Record<string, unknown> = { ...value };
  if (use === 'keep' && Object.getOwnPropertySymbols(copy).length > 0) throw NOT_SMALL_AND_PLAIN;
  for (const key of Object.keys(copy)) {
    const part = copy[key];
    const copied = copyPlain(part, seen, use);
    if (copied !== part) copy[key] = copied;
  }
  return copy;
}

function cloneNatively<T>(value: T, where: string): T {
  let bytes: Buffer;
  try {
    bytes = serialize(value);
  } catch (cause) {
    // Of the stack: it is nested deeper than any limit.
    if (cause instanceof RangeError) throw tooDeep(where, cause);
    throw unreadable(value, where, cause);
  }
  if (bytes.length > LIMITS.valueBytes) throw tooLarge(where, bytes.length);
  // A few bytes can stand for much, such as a list of a billion holes. The receiver would take it for an attack.
  const [copy, measured] = unpack(bytes, where);
  if (measured === Number.POSITIVE_INFINITY) throw tooDeep(where);
  if (measured > LIMITS.measuredBytes) throw tooLarge(where, measured, LIMITS.measuredBytes);
  const emptied = findEmptied(value, bytes);
  if (emptied !== undefined) throw notCloneable(where, emptied.path, emptied.why);
  return copy as T;
}

function unpack(bytes: Buffer, where: string): [copy: unknown, measured: number] {
  try {
    const deserializer = new OwnMemoryDeserializer(bytes);
    deserializer.readHeader();
    const copy = deserializer.readValue();
    return [copy, measure(copy, LIMITS.measuredBytes, LIMITS.depth)];
  } catch (cause) {
    if (cause instanceof RangeError) throw tooDeep(where, cause);
    throw notCloneable(where, undefined, reasonOf(cause), cause);
  }
}

/** V8 cannot clone a part of it, or a getter of the author's has thrown. */
function unreadable(value: unknown, where: string, cause: unknown): BulkheadError {
  return notCloneable(where, pathTo(value, isUncloneable), reasonOf(cause), cause);
}

function reasonOf(cause: unknown): string {
  try {
    return String(asError(cause).message).replace(/\.$/, '');
  } catch {
    return 'what was thrown when it was read cannot be read either';
  }
}

function tooDeep(where: string, cause?: unknown): BulkheadError {
  const text = `${where} cannot be sent to another thread: it is nested deeper than ${LIMITS.depth} levels`;
  return new BulkheadError('ERR_NOT_CLONEABLE', text, { cause });
}

function notCloneable(where: string, path: string | undefined, why: string, cause?: unknown): BulkheadError {
  return new BulkheadError(
    'ERR_NOT_CLONEABLE',
    `${where}${path ? `: ${path}` : ''} cannot be sent to another thread: ${why}. ` +
      'Only data that can be structured-cloned crosses: no functions, symbols, sockets, streams or shared memory.',
    { cause },
  );
}

function tooLarge(where: string, bytes: number, limit: number = LIMITS.valueBytes): BulkheadError {
  return new BulkheadError(
    'ERR_VALUE_TOO_LARGE',
    `${where} has about ${bytes} bytes; at most ${limit} cross at once. ` +
      (limit === LIMITS.valueBytes
        ? 'Send it in parts, or send a file name.'
        : 'In a list, holes count too: for few entries far apart use a Map.'),
  );
}
