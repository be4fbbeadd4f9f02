import { parentPort } from 'node:worker_threads';
import { insteadOfFunction } from '../instead-of-function.ts';
import { Allowance } from '../wire/allowance.ts';
import type { Outcome } from '../wire/frames.ts';
import type { JobMessage, JobNote } from '../wire/messages.ts';
import { snapshot } from '../wire/snapshot.ts';
import { encodeError } from '../wire/wire-error.ts';
import { defaultExport } from './default-export.ts';
import { denyModules } from './guard.ts';
import { captureConsole } from './logging.ts';

type Job = (input: unknown) => unknown;

const post = (note: JobNote) => parentPort?.postMessage(note);
const outgoing = new Allowance({
  log: (note) => post({ kind: 'log', note }),
  emit: () => {},
  dropped: (note) => post({ kind: 'dropped', note }),
});
let isLimited = false;
const flushOutput = captureConsole(outgoing);

/**
 * Runs the default export of a module: what it throws comes back with all its fields, and what it prints goes to the
 * plugin's log, within the budgets of one thread. Rejects if there is none, or the module cannot be imported.
 */
export async function runJob(
  importModule: () => Promise<Record<string, unknown>>,
  { input, budgets, denied }: JobMessage,
): Promise<Outcome> {
  // Once a thread: otherwise each job would have a fresh budget.
  if (!isLimited) {
    outgoing.limit(budgets);
    denyModules(denied);
  }
  isLimited = true;
  try {
    const job = defaultExport(await importModule());
    const found = insteadOfFunction(job);
    if (found !== undefined) throw new Error(`it has no function as default export, but ${found}`);
    return await outcomeOf(job as Job, input);
  } finally {
    flushOutput();
  }
}

async function outcomeOf(job: Job, input: unknown): Promise<Outcome> {
  try {
    return { ok: true, value: snapshot(await job(input), 'the result') };
  } catch (error) {
    return { ok: false, error: encodeError(error) };
  }
}
