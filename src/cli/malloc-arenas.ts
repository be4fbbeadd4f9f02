/**
 * glibc keeps what a thread has freed in an arena of that thread, of which it makes up to eight per core. With a new
 * thread for every reload these fill up one after the other, for hours; two are enough, since V8 does not use them for
 * its heaps.
 */
const ARENAS = '2';

/** Not known to the types of Node 20, which does not have it either. */
type Execve = (file: string, args: string[], env: NodeJS.ProcessEnv) => never;

/** Only the standard streams stay open: what else the process was given, its files among them, would be lost. */
const BY_DESCRIPTOR = /^\/(dev\/fd|proc)\//;

/**
 * Starts this process anew with few arenas, which can only be said in its environment (`MALLOC_ARENA_MAX`, see mallopt(3)).
 * Does nothing if somebody has said how many, if something would be lost by it, with Node's permissions, on Node before
 * 22.15, and elsewhere than on Linux.
 *
 * @param paths what the program will open
 */
export function limitMallocArenas(paths: readonly string[]): void {
  const { execve, permission, channel } = process as NodeJS.Process & {
    execve?: Execve;
    permission?: object;
  };
  if (process.platform !== 'linux' || execve === undefined || permission !== undefined) return;
  if (process.env.MALLOC_ARENA_MAX !== undefined) return;
  if (channel !== undefined || paths.some((path) => BY_DESCRIPTOR.test(path))) return;
  const args = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  execve(process.execPath, args, { ...process.env, MALLOC_ARENA_MAX: ARENAS });
}
