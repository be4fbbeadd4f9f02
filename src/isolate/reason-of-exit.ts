import type { EndReason } from './isolate.ts';

/** Signals with which a process ends because of what its own code did. */
const CRASHES = new Set<NodeJS.Signals>([
  'SIGSEGV',
  'SIGABRT',
  'SIGBUS',
  'SIGILL',
  'SIGFPE',
  'SIGTRAP',
  'SIGSYS',
]);

/** Why a process ended of which nothing else is known. @param complaints the end of its standard error */
export function reasonOfExit(
  code: number | null,
  signal: NodeJS.Signals | null,
  complaints: string,
): EndReason {
  // V8's words for the heap, Node's for everything else that could not be allocated.
  if (/out of memory|allocation failed/i.test(complaints))
    return { kind: 'heap-limit', text: 'its process ran out of memory' };
  if (signal !== null && CRASHES.has(signal))
    return { kind: 'native-crash', text: `its process crashed in native code (${signal})` };
  if (signal !== null) return { kind: 'killed', text: `its process was ended by ${signal}` };
  const exitCode = code ?? 0;
  // How shells and some sandboxes pass on that a signal ended it.
  if (exitCode > 128)
    return { kind: 'native-crash', text: `its process crashed (code ${exitCode})`, exitCode };
  return { kind: 'exit', text: `its process exited with code ${exitCode}`, exitCode };
}
