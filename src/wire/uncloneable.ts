import { serialize } from 'node:v8';

/** Of such parts, what they call themselves. What is in them lies in private fields. */
const KEEPS_ALL_PRIVATE = new Set([
  'AbortController',
  'Blob',
  'Event',
  'File',
  'FormData',
  'Headers',
  'ReadableStream',
  'Request',
  'Response',
  'URL',
  'URLSearchParams',
]);

/** So many steps down a path is followed: to look at what is below takes as long for every step. */
const MAX_STEPS = 50;

/** `.user.socket` for `{ user: { socket } }`: the first innermost part that is or contains what must not be there. */
export function pathTo(
  value: unknown,
  contains: (part: unknown) => boolean,
  path = '',
  seen = new Set<unknown>(),
): string | undefined {
  if (seen.has(value) || !contains(value)) return undefined;
  seen.add(value);
  if (seen.size > MAX_STEPS) return `${path}…`;
  try {
    for (const [step, child] of children(value)) {
      const found = pathTo(child, contains, path + step, seen);
      if (found !== undefined) return found;
    }
  } catch {
    // It cannot even be looked at: a proxy that was revoked.
  }
  return path;
}

export function isUncloneable(value: unknown): boolean {
  if (isPrimitive(value)) return false;
  try {
    serialize(value);
    return false;
  } catch {
    return true;
  }
}

export function whyLost(value: object): string | undefined {
  if (value instanceof AbortSignal) return 'an AbortSignal can only be an argument, or a property of one';
  const name = Object.prototype.toString.call(value).slice('[object '.length, -1);
  return KEEPS_ALL_PRIVATE.has(name)
    ? `${name} objects arrive empty; send the text or data in it`
    : undefined;
}

/** Only for what has such a part: what comes before the first is small and plain. */
export function containsLost(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return whyLost(value) !== undefined || [...children(value)].some(([, child]) => containsLost(child));
}

function* children(value: unknown): Generator<[step: string, child: unknown]> {
  if (value instanceof Map) {
    for (const [key, child] of value) {
      yield ['.keys()', key];
      yield [`.get(${typeof key === 'string' ? JSON.stringify(key) : '…'})`, child];
    }
  } else if (value instanceof Set) {
    for (const child of value) yield ['.values()', child];
  } else if (typeof value === 'object' && value !== null) {
    for (const key of Object.keys(value)) {
      const step = Array.isArray(value)
        ? `[${key}]`
        : /^[\w$]+$/.test(key)
          ? `.${key}`
          : `[${JSON.stringify(key)}]`;
      yield [step, partOf(value as Record<string, unknown>, key)];
    }
  }
}

/** Of a getter that throws something that cannot be sent either. */
function partOf(value: Record<string, unknown>, key: string): unknown {
  try {
    return value[key];
  } catch {
    return Symbol('unreadable');
  }
}

export function isPrimitive(value: unknown): boolean {
  switch (typeof value) {
    case 'object':
      return value === null;
    case 'function':
    case 'symbol':
      return false;
    default:
      return true;
  }
}
