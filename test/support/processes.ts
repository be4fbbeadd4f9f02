import { readFileSync } from 'node:fs';

/** Whether there is a process of that number that has not ended; nobody may have asked yet how it did. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  if (process.platform !== 'linux') return true;
  try {
    // After the name, which may have anything in it, comes the state.
    return !/\) [ZX] [^)]*$/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
