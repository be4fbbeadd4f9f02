/**
 * Calls `run` in so many milliseconds, or, if this process stood still meanwhile, once it has heard what has arrived: what
 * comes in is read after the timers that are due, and may be what is waited for.
 *
 * @param isRef whether it keeps the process alive
 * @returns what keeps it from being called
 */
export function lateTimeout(run: () => void, ms: number, isRef = true): () => void {
  let immediate: NodeJS.Immediate | undefined;
  const timer = setTimeout(() => {
    immediate = setImmediate(run);
  }, ms);
  if (!isRef) timer.unref();
  return () => {
    clearTimeout(timer);
    clearImmediate(immediate);
  };
}
