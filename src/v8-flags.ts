import { setFlagsFromString } from 'node:v8';

/** The first version of Node whose V8 has the flag, and needs it. */
const SINCE = 22;

/**
 * `terminate()` does not reach a plain loop that allocates once V8 has unrolled it, on Node 24 and 26. The flag counts
 * for all threads, and for what they compile from then on.
 */
export function makeLoopsEndable(): void {
  const major = Number(process.versions.node.split('.')[0]);
  if (major >= SINCE) setFlagsFromString('--no-turboshaft-loop-unrolling');
}
