import { serialize } from 'node:v8';

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
