/** The promise, or after `ms` a rejection with what `error` makes. Infinity means no deadline. */
export function deadline<T>(promise: Promise<T>, ms: number, error: () => unknown): Promise<T> {
  if (ms === Number.POSITIVE_INFINITY) return promise;
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(error()), ms);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
