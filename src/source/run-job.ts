import type { Outcome } from '../wire/frames.ts';
import { snapshot } from '../wire/snapshot.ts';
import { encodeError } from '../wire/wire-error.ts';

/** Runs inside a pool's thread, bundled with the job: what the job throws comes back with all its fields. */
export async function runJob(job: unknown, input: unknown): Promise<Outcome> {
  try {
    if (typeof job !== 'function')
      throw new TypeError(`the file has no function as default export, but ${typeof job}`);
    return { ok: true, value: snapshot(await job(input), 'the result') };
  } catch (error) {
    return { ok: false, error: encodeError(error) };
  }
}
