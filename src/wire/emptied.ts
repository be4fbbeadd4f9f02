import { types } from 'node:util';
import { serialize } from 'node:v8';
import { pathTo } from './uncloneable.ts';

/** How V8 writes an object in which it finds nothing. */
const EMPTY = serialize({});
/** How that ends: it ends, and has no properties. */
const END_OF_EMPTY = EMPTY.subarray(-2);

/**
 * The first part that would arrive as an empty object although something is in it: a `Response`, say, keeps all it has in
 * private fields. To look at every part takes about as long as to copy it, so that is done only where V8 has written an
 * empty object.
 *
 * @param bytes the value, as V8 has written it
 */
export function findEmptied(
  value: unknown,
  bytes: Buffer,
): { path: string | undefined; why: string } | undefined {
  if (!bytes.includes(END_OF_EMPTY)) return undefined;
  try {
    const kind = kindOfEmptied(value);
    if (kind === undefined) return undefined;
    return { path: pathTo(value, (part) => kindOfEmptied(part) !== undefined), why: textFor(kind) };
  } catch {
    // It is no longer what was copied: a getter that throws the second time.
    return undefined;
  }
}

/** What the first such part says it is. */
function kindOfEmptied(value: unknown, seen = new Set<object>()): string | undefined {
  if (typeof value !== 'object' || value === null || seen.has(value)) return undefined;
  seen.add(value);
  const isData = Array.isArray(value) || isPlain(value);
  const parts = isData ? Object.values(value) : partsOf(value);
  for (const part of parts) {
    const kind = kindOfEmptied(part, seen);
    if (kind !== undefined) return kind;
  }
  if (isData || parts.length > 0 || holdsBytes(value)) return undefined;
  const kind = kindOf(value);
  return kind !== undefined && serialize(value).equals(EMPTY) ? kind : undefined;
}

function partsOf(value: object): unknown[] {
  if (types.isMap(value)) return [...value.keys(), ...value.values()];
  if (types.isSet(value)) return [...value];
  // V8 writes no fields of these.
  if (types.isNativeError(value) || holdsBytes(value)) return [];
  return Object.values(value);
}

function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function holdsBytes(value: object): boolean {
  return ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value);
}

/** Most classes of authors say nothing: what they keep private, they know. */
function kindOf(value: object): string | undefined {
  try {
    const kind = (value as { [Symbol.toStringTag]?: unknown })[Symbol.toStringTag];
    return typeof kind === 'string' ? kind : undefined;
  } catch {
    return undefined;
  }
}

function textFor(kind: string): string {
  if (kind === 'AbortSignal') return 'an AbortSignal can only be an argument, or a property of one';
  const instead =
    kind === 'AbortController'
      ? 'its signal, as an argument or a property of one'
      : 'what you need of it as plain data';
  return `${kind} objects arrive empty; send ${instead}`;
}
