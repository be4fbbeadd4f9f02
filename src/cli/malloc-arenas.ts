/**
 * glibc keeps what a thread has freed in an arena of that thread, of which it makes up to eight per core. With a new
 * thread for every reload these fill up one after the other, for hours; two are enough, since V8 does not use them for
 * its heaps.
 */
const ARENAS = '2';

/** Not known to the types of Node 20, which does not have it either. */
type Execve = (file: string, args: string[], env: NodeJS.ProcessEnv) => never;

/**
 * Starts this process anew with few arenas, which can only be said in its environment (`MALLOC_ARENA_MAX`, see mallopt(3)).
 * Does nothing if somebody has said how many, on Node before 22.15, and where there is no glibc to hear it.
 */
export function limitMallocArenas(): void {
  const { execve } = process as { execve?: Execve };
  if (process.platform !== 'linux' || execve === undefined) return;
  if (process.env.MALLOC_ARENA_MAX !== undefined) return;
  const args = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  try {
    execve(process.execPath, args, { ...process.env, MALLOC_ARENA_MAX: ARENAS });
  } catch {
    // Node's permissions may keep it from that.
  }
}
