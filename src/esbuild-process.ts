import type { ChildProcess } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { setImmediate } from 'node:timers/promises';

/** Where Node tells, at once, of each process that is about to be started. */
const STARTING = 'child_process';

/**
 * Calls a function of esbuild, which starts its process if none runs. If there is no descriptor left for that, esbuild
 * breaks off before it listens for the error of the process, which would then end the bot as uncaught.
 *
 * @returns what `call` returns. Rejects with the system's error if the process cannot be started.
 */
export async function withEsbuild<T>(call: () => Promise<T>): Promise<T> {
  let refusal: Error | undefined;
  const starting = (message: unknown) => {
    const { process: child } = message as { process: ChildProcess };
    child.on('error', (error) => {
      refusal = error;
    });
  };
  subscribe(STARTING, starting);
  const answer = (async () => call())();
  unsubscribe(STARTING, starting);
  try {
    return await answer;
  } catch (error) {
    // Node tells of it after esbuild has failed of it.
    await setImmediate();
    throw refusal ?? error;
  }
}
