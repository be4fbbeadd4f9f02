/**
 * For glibc, see mallopt(3). It keeps what a thread has freed in an arena of that thread, of which it makes up to eight per
 * core: with a new thread for every reload these fill up one after the other, for hours. Two are enough, since V8 does
 * not use them for its heaps. And it takes large blocks from the arenas, too, once it has seen some freed, where they
 * leave holes: with a threshold that is said, which is the one it begins with, they go back to the system.
 */
const MALLOC = { MALLOC_ARENA_MAX: '2', MALLOC_MMAP_THRESHOLD_: String(128 * 1024) };

/** Node 24 lets the young generation of the main thread grow to 128 MB, four times as large as Node 22; with this it does not. */
const YOUNG_GENERATION = '--scavenger-max-new-space-capacity-mb=8';
/** V8 has no other flag for it that would not overrule the limits of the threads. */
const HAS_THAT_FLAG = /^v24\./;

/** Not known to the types of Node 20, which does not have it either. */
type Execve = (file: string, args: string[], env: NodeJS.ProcessEnv) => never;

/** Only the standard streams stay open: what else the process was given, its files among them, would be lost. */
const BY_DESCRIPTOR = /^\/(dev\/fd|proc)\//;

/**
 * Starts this process anew so that it does not hold on to the memory of threads that have ended, which can only be said
 * when it starts. Does nothing if somebody has said how many arenas there are to be, if something would be lost by it, with Node's
 * permissions, on Node before 22.15, and elsewhere than on Linux.
 *
 * @param paths what the program will open
 */
export function applyMemorySettings(paths: readonly string[]): void {
  const { execve, permission, channel } = process as NodeJS.Process & {
    execve?: Execve;
    permission?: object;
  };
  if (process.platform !== 'linux' || execve === undefined || permission !== undefined) return;
  if (process.env.MALLOC_ARENA_MAX !== undefined) return;
  if (channel !== undefined || paths.some((path) => BY_DESCRIPTOR.test(path))) return;
  const { env, flags } = memorySettings();
  const args = [process.execPath, ...flags, ...process.execArgv, ...process.argv.slice(1)];
  execve(process.execPath, args, env);
}

/** What a process like this one is to be started with; only what it has, if somebody has said how many arenas there are to be. */
export function memorySettings(): { env: NodeJS.ProcessEnv; flags: string[] } {
  if (process.env.MALLOC_ARENA_MAX !== undefined) return { env: process.env, flags: [] };
  const flags = HAS_THAT_FLAG.test(process.version) ? [YOUNG_GENERATION] : [];
  return { env: { ...MALLOC, ...process.env }, flags };
}
