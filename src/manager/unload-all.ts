import { asError, BulkheadError } from '../errors.ts';
import { refuseStopCycle } from '../reload/cycles.ts';
import { FILES_MS, within } from '../within.ts';
import type { Parts } from './assembly.ts';

/** So long a store has at least to flush, ms, whatever is left of a budget. */
const LEAST_FLUSH_MS = 1_000;

/**
 * Ends everything, or makes haste with that if it is under way.
 *
 * @param timeoutMs one budget for all drains and teardowns together
 */
export async function unloadAll(parts: Parts, timeoutMs: number): Promise<void> {
  const { openness, table } = parts;
  for (const slot of table) refuseStopCycle(slot);
  for (const slot of table) slot.patience.limit(timeoutMs);
  await openness.close(timeoutMs, () => endAll(parts, timeoutMs));
}

async function endAll(parts: Parts, timeoutMs: number): Promise<void> {
  const { crashFiles, operations, table } = parts;
  await within(parts.hotReload.stop(), FILES_MS);
  await Promise.all([...table].map((slot) => operations.unload(slot, timeoutMs)));
  for (const slot of [...table]) table.remove(slot);
  await parts.standbys.close();
  await parts.pools.closed();
  parts.deadlines.clear();
  await flushStore(parts);
  if (crashFiles !== undefined) await within(crashFiles.flush(), FILES_MS);
  await within(parts.diagnostics.settled(), FILES_MS);
  await within(parts.earlyBuilds.idle(), FILES_MS);
  await within(parts.builds.remove(), FILES_MS);
}

async function flushStore({ openness: { patience }, reports, store }: Parts): Promise<void> {
  const late = (ms: number) =>
    new BulkheadError('ERR_STATE_STORE', `The state store did not flush within ${ms} ms`);
  patience.atLeast(LEAST_FLUSH_MS);
  try {
    await patience.wait(store.flush(), Number.POSITIVE_INFINITY, late);
  } catch (error) {
    reports.error(asError(error), asError(error).message);
  }
}
