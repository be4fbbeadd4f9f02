import { lateTimeout } from './late-timeout.ts';

/** What files that do not answer may hold up a stop for, ms: plugins share the few threads that Node has for them. */
export const FILES_MS = 1_000;

/** What the promise settles with, or `undefined` if it takes longer than so many milliseconds. */
export function within<T>(promise: Promise<T>, ms: number): Promise<T | undefined> {
  if (ms === Number.POSITIVE_INFINITY) return promise;
  return new Promise((resolve, reject) => {
    const cancel = lateTimeout(() => resolve(undefined), ms);
    promise.then(resolve, reject).finally(cancel);
  });
}
