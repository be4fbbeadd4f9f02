import { asError, codeOf, isError } from '../errors.ts';
import type { Slot } from '../isolate/slot.ts';

/** So many causes are looked at: an error can be its own. */
const MAX_CAUSES = 10;

/**
 * Starts a version. The thread of the version before ends last: if that holds a port that this one wants, it is started once
 * more afterwards.
 */
export async function withSecondStart<T>(slot: Slot, start: () => Promise<T>): Promise<T> {
  const { current, isServing: wasServing } = slot;
  try {
    return await start();
  } catch (error) {
    const isDown = slot.lifecycle.state === 'reloading' && slot.stopsWanted === 0;
    if (!isDown || !wasServing || current === undefined || !isAboutPort(error)) throw error;
    const text =
      'The version before may still hold a port, which it should close in ctx.onTeardown. When its thread has ended, the new one is started once more';
    slot.log({ level: 'warn', fields: {}, text: `${text}: ${asError(error).message}` });
    await current.ended;
    if (slot.stopsWanted > 0) throw error;
    return await start();
  }
}

/** Whether it failed because somebody listens already where it wants to. */
function isAboutPort(error: unknown): boolean {
  let cause = error;
  for (let depth = 0; depth < MAX_CAUSES && isError(cause); depth++) {
    if (codeOf(cause) === 'EADDRINUSE') return true;
    cause = cause.cause;
  }
  return false;
}
