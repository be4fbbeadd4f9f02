/** What watching failed of, for users: which limit of the system, and what to do. */
export function explainWatchError(error: unknown, what: string): Error {
  const limit = limitOf(error);
  const text = limit === undefined ? (error as Error).message : `${limit}. Raise it, or use polling`;
  return new Error(`${what} cannot be watched: ${text}`, { cause: error });
}

/** Which limit of the system an error is about, if it is about one. */
export function limitOf(error: unknown): string | undefined {
  const { code = '', message } = error as NodeJS.ErrnoException;
  const text = `${code} ${message}`;
  if (/ENOSPC|No space left/.test(text))
    return "the system's limit of watches is reached (fs.inotify.max_user_watches)";
  if (/EMFILE|ENFILE|Too many open files|ERR_WORKER_INIT_FAILED/.test(text))
    return 'there are too many watchers or open files (fs.inotify.max_user_instances, ulimit -n)';
  return undefined;
}
