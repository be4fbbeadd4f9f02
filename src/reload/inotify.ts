import { Worker } from 'node:worker_threads';
import { WATCH_BACKEND } from './watch-backend.ts';

/**
 * Takes the inotify instance that all native subscriptions of this process share, and keeps it. Subscribing when none is
 * left would block the process for ever; while this one is kept, no subscription needs another.
 *
 * @returns what gives it back. Rejects, with the system's code, if there is none to be had.
 */
export async function reserveInotify(): Promise<() => Promise<void>> {
  if (process.platform !== 'linux') return async () => {};
  const [{ subscribe }] = await Promise.all([import('@parcel/watcher'), probeInotify()]);
  // A subscription to nothing: all that is below `/` is ignored, and not even read.
  const subscription = await subscribe('/', () => {}, { ...WATCH_BACKEND, ignore: ['/'] });
  return () => subscription.unsubscribe();
}

async function probeInotify(): Promise<void> {
  const worker = new Worker(new URL('./inotify-probe.js', import.meta.url), {
    argv: [],
    execArgv: [],
    env: {},
  });
  const outcome = new Promise<unknown>((resolve) => {
    worker.once('message', resolve).once('error', resolve);
    worker.once('exit', () => resolve(new Error('the thread that tried to watch ended too early')));
  });
  // Until the thread has ended it has the instance.
  await new Promise((resolve) => worker.once('exit', resolve));
  const error = await outcome;
  if (error !== undefined) throw error;
}
