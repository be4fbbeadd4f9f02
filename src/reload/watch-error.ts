/** What watching failed of, for users: which limit of the system, and what to do. */
export function explainWatchError(error: unknown, what: string): Error {
  const { code = '', message } = error as NodeJS.ErrnoException;
  const limit = limitOf(`${code} ${message}`);
  const text = limit === undefined ? message : `${limit}. Raise it, or use polling`;
  return new Error(`${what} cannot be watched: ${text}`, { cause: error });
}

/** Whether something was there when the tree was read and not any more when it was to be watched. */
export function isTransient(error: unknown): boolean {
  return /No such file|Not a directory|Bad file descriptor|ENOENT/.test((error as Error).message);
}

function limitOf(text: string): string | undefined {
  if (/ENOSPC|No space left/.test(text))
    return "the system's limit of watches is reached (fs.inotify.max_user_watches)";
  if (/EMFILE|ENFILE|Too many open files|ERR_WORKER_INIT_FAILED/.test(text))
    return 'there are too many watchers or open files (fs.inotify.max_user_instances, ulimit -n)';
  return undefined;
}
