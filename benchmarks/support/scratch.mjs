import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';

/** Tells the processes of a run where its folder is. */
const VARIABLE = 'BULKHEAD_BENCHMARK_FOLDER';

/**
 * Gives this run and all its processes a temporary directory of their own, which goes when the command ends, also by Ctrl-C:
 * then its processes are ended before they can tidy up.
 */
export function useScratchFolder() {
  if (process.env[VARIABLE] !== undefined) return;
  // A short name: sockets are made below it, whose paths may not be long.
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'bench-')));
  process.env[VARIABLE] = folder;
  process.env[process.platform === 'win32' ? 'TEMP' : 'TMPDIR'] = folder;
  process.once('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']))
    process.once(signal, () => process.exit(128 + constants.signals[signal]));
}
