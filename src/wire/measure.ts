/**
 * About how many bytes a received value holds, given up at `limit`. It runs on what came off the wire, which is plain
 * data without getters, so that it can neither be fooled nor made to throw.
 */
export function measure(value: unknown, limit: number): number {
  let bytes = 0;
  const stack: unknown[] = [value];
  const seen = new Set<object>();
  while (stack.length > 0 && bytes <= limit) {
    const part = stack.pop();
    bytes += 8;
    if (typeof part === 'string') bytes += part.length * 2;
    else if (typeof part === 'bigint') bytes += 64;
    else if (typeof part === 'object' && part !== null) {
      if (seen.has(part)) continue;
      seen.add(part);
      bytes += pushParts(part, stack, limit);
    }
  }
  return bytes;
}

function pushParts(part: object, stack: unknown[], limit: number): number {
  if (ArrayBuffer.isView(part)) return part.byteLength;
  if (part instanceof ArrayBuffer) return part.byteLength;
  if (part instanceof Map) {
    for (const [key, child] of part) stack.push(key, child);
    return 0;
  }
  if (part instanceof Set) {
    for (const child of part) stack.push(child);
    return 0;
  }
  if (Array.isArray(part)) return pushElements(part, stack, limit);
  if (part instanceof String) return part.length * 2;
  let bytes = part instanceof Error ? (String(part.message).length + String(part.stack).length) * 2 : 0;
  for (const key in part) {
    bytes += key.length + 8;
    if (bytes > limit) break;
    stack.push((part as Record<string, unknown>)[key]);
  }
  return bytes;
}

/** A sparse array of a billion holes arrives in a few bytes, but walking it would take seconds. */
function pushElements(part: unknown[], stack: unknown[], limit: number): number {
  if (part.length * 8 > limit) return part.length * 8;
  for (const child of part) stack.push(child);
  return 0;
}
