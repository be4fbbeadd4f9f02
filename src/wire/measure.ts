import { LIMITS } from './frames.ts';

/** Values stand in frames, some levels down. */
const RECEIVED_DEPTH = LIMITS.depth + 50;

/** Up to here plain data is measured without remembering its parts: what stands in several places counts for each. */
const SMALL_BYTES = 64 * 1024;

/**
 * About how many bytes a received value holds, given up at `limit`; endless for one that is nested too deep. It runs on
 * what came off the wire, which is plain data without getters, so that it can neither be fooled nor made to throw.
 */
export function measure(value: unknown, limit: number, maxDepth: number = RECEIVED_DEPTH): number {
  const left = leftAfter(value, SMALL_BYTES, maxDepth);
  return left >= 0 ? SMALL_BYTES - left : measureParts(value, limit, maxDepth);
}

/** What is left of so many bytes after a small plain value; less than nothing if it is not one. */
function leftAfter(value: unknown, bytes: number, levels: number): number {
  let left = bytes - 8;
  if (typeof value === 'string') return left - value.length * 2;
  if (typeof value === 'bigint') return left - 64;
  if (typeof value !== 'object' || value === null) return left;
  if (levels === 0) return -1;
  if (Array.isArray(value)) {
    if (value.length * 8 > left) return -1;
    for (let index = 0; index < value.length && left >= 0; index++)
      left = leftAfter(value[index], left, levels - 1);
    return left;
  }
  if (Object.getPrototypeOf(value) !== Object.prototype) return -1;
  for (const key in value) {
    left = leftAfter((value as Record<string, unknown>)[key], left - key.length - 8, levels - 1);
    if (left < 0) break;
  }
  return left;
}

function measureParts(value: unknown, limit: number, maxDepth: number): number {
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
