import { LIMITS } from './frames.ts';

/** Values stand in frames, some levels down. */
const RECEIVED_DEPTH = LIMITS.depth + 50;

/**
 * About how many bytes a received value holds, given up at `limit`; endless for one that is nested too deep. It runs on
 * what came off the wire, which is plain data without getters, so that it can neither be fooled nor made to throw.
 */
export function measure(value: unknown, limit: number, maxDepth: number = RECEIVED_DEPTH): number {
  let bytes = 0;
  const seen = new Set<object>();
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0 && bytes <= limit; depth++) {
    if (depth > maxDepth) return Number.POSITIVE_INFINITY;
    const next: unknown[] = [];
    for (const part of level) {
      bytes += 8;
      if (typeof part === 'string') bytes += part.length * 2;
      else if (typeof part === 'bigint') bytes += 64;
      else if (typeof part === 'object' && part !== null && !seen.has(part)) {
        seen.add(part);
        bytes += pushParts(part, next, limit);
      }
      if (bytes > limit) break;
    }
    level = next;
  }
  return bytes;
}

function pushParts(part: object, parts: unknown[], limit: number): number {
  if (ArrayBuffer.isView(part)) return part.byteLength;
  if (part instanceof ArrayBuffer) return part.byteLength;
  if (part instanceof Map) {
    for (const [key, child] of part) parts.push(key, child);
    return 0;
  }
  if (part instanceof Set) {
    for (const child of part) parts.push(child);
    return 0;
  }
  if (Array.isArray(part)) return pushElements(part, parts, limit);
  if (part instanceof String) return part.length * 2;
  let bytes = part instanceof Error ? (String(part.message).length + String(part.stack).length) * 2 : 0;
  for (const key in part) {
    bytes += key.length + 8;
    if (bytes > limit) break;
    parts.push((part as Record<string, unknown>)[key]);
  }
  return bytes;
}

/** A sparse array of a billion holes arrives in a few bytes, but walking it would take seconds. */
function pushElements(part: unknown[], parts: unknown[], limit: number): number {
  if (part.length * 8 > limit) return part.length * 8;
  for (const child of part) parts.push(child);
  return 0;
}
