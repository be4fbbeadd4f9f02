/**
 * Gives the memory of bytes that nobody looks at any more back at once, where this Node can (22 and newer). What is left to the
 * garbage collection adds up to some 60 MB first, since V8 does not see how much it is.
 */
export function release(bytes: Uint8Array): void {
  const memory = bytes.buffer as ArrayBuffer & { transfer?(length: number): ArrayBuffer };
  // Small ones are parts of a pool.
  if (bytes.byteLength === memory.byteLength) memory.transfer?.(0);
}
