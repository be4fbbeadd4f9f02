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
    const kindIn = search();
    const kind = kindIn(value);
    if (kind === undefined) return undefined;
    return { path: pathTo(value, (part) => kindIn(part) !== undefined), why: textFor(kind) };
  } catch {
    // It is no longer what was copied: a getter that throws the second time.
    return undefined;
  }
}

/** Says what the first such part of a value says it is; looks once only at what has none. */
function search(): (value: unknown) => string | undefined {
  const clean = new Set<object>();
  return (value) => {
    const seen = new Set<object>();
    const kind = kindOfEmptied(value, seen, clean);
    if (kind === undefined) for (const part of seen) clean.add(part);
    return kind;
  };
}

function kindOfEmptied(value: unknown, seen: Set<object>, clean: ReadonlySet<object>): string | undefined {
  if (typeof value !== 'object' || value === null || seen.has(value) || clean.has(value)) return undefined;
  seen.add(value);
  const isData = Array.isArray(value) || isPlain(value);
  const parts = isData ? Object.values(value) : partsOf(value);
  for (const part of parts) {
    const kind = kindOfEmptied(part, seen, clean);
    if (kind !== undefined) return kind;
  }
  if (isData || parts.length > 0 || isOfV8(value)) return undefined;
  const kind = kindOf(value);
  return kind !== undefined && serialize(value).equals(EMPTY) ? kind : undefined;
}

function partsOf(value: object): unknown[] {
  if (types.isMap(value)) return [...value.keys(), ...value.values()];
  if (types.isSet(value)) return [...value];
  // Of these V8 writes no fields, but for the cause of an error.
  if (types.isNativeError(value)) return Object.hasOwn(value, 'cause') ? [(value as Error).cause] : [];
  if (isOfV8(value)) return [];
  return Object.values(value);
}

function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** V8 has a way of its own to write what is in it. */
function isOfV8(value: object): boolean {
  return (
    ArrayBuffer.isView(value) ||
    types.isAnyArrayBuffer(value) ||
    types.isMap(value) ||
    types.isSet(value) ||
    types.isDate(value) ||
    types.isRegExp(value) ||
    types.isBoxedPrimitive(value)
  );
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
