/**
 * Calls `run` after so many milliseconds, and after the messages that have arrived by then are read. If this process stood
 * still meanwhile, timers alone would come first, and one of the messages may be what is waited for.
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
