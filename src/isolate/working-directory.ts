import { statSync } from 'node:fs';

/** Where the process was when it was last looked. */
let directory = '.';

/**
 * No thread starts in a working directory that was removed. If one of that name is there again, as after a deployment that
 * replaces the whole folder, it is the one that is meant.
 */
export function returnToWorkingDirectory(): void {
  try {
    if (statSync('.').nlink > 0) directory = process.cwd();
    else process.chdir(directory);
  } catch {
    // It is not there: whoever starts a thread is told.
  }
}

/** What to tell of an error that ended a thread, if it is that one. */
export function explainWorkingDirectory(error: unknown): string | undefined {
  if ((error as { syscall?: unknown } | null)?.syscall !== 'uv_cwd') return undefined;
  return 'the working directory was removed, and no thread starts without one; make it again, or start the bot anew';
}
