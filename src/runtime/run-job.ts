import { parentPort } from 'node:worker_threads';
import { BulkheadError } from '../errors.ts';
import { Allowance } from '../wire/allowance.ts';
import type { Outcome } from '../wire/frames.ts';
import type { JobMessage, JobNote } from '../wire/messages.ts';
import { snapshot } from '../wire/snapshot.ts';
import { encodeError } from '../wire/wire-error.ts';
import { denyModules } from './guard.ts';
import { captureConsole } from './logging.ts';

const post = (note: JobNote) => parentPort?.postMessage(note);
const outgoing = new Allowance({
  log: (note) => post({ kind: 'log', note }),
  emit: () => {},
  dropped: (note) => post({ kind: 'dropped', note }),
});
let isLimited = false;
const flushOutput = captureConsole((note) => outgoing.log(note));

/**
 * Runs inside a pool's thread, bundled with the job: what the job throws comes back with all its fields, and what it
 * prints goes to the plugin's log, within the budgets of one thread.
 */
export async function runJob(
  file: string,
  job: unknown,
  { input, budgets, denied }: JobMessage,
): Promise<Outcome> {
  // Once a thread: otherwise each job would have a fresh budget.
  if (!isLimited) {
    outgoing.limit(budgets);
    denyModules(denied);
  }
  isLimited = true;
  try {
    if (typeof job !== 'function') {
      const text = `The job '${file}' could not be run: it has no function as default export, but ${typeof job}`;
      throw new BulkheadError('ERR_OFFLOAD', text);
    }
    return { ok: true, value: snapshot(await job(input), 'the result') };
  } catch (error) {
    return { ok: false, error: encodeError(error) };
  } finally {
    flushOutput();
  }
}
