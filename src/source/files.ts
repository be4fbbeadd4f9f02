import { type Dirent, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

const MAX_SETTINGS_BYTES = 1024 * 1024;

export function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** Whether there is nothing at that path, which is not said of what cannot be looked at. */
export function isGone(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) === undefined;
  } catch {
    return false;
  }
}

/** Files below directories, those of packages and hidden ones left out. */
export function* filesBelow(directories: Iterable<string>): Generator<string> {
  for (const directory of directories) {
    for (const entry of entriesOf(directory)) {
      if (entry.name.startsWith('.') || entry.name === 'node_modules') continue;
      const path = join(directory, entry.name);
      if (entry.isDirectory()) yield* filesBelow([path]);
      else yield path;
    }
  }
}

function entriesOf(directory: string): Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch {
    return [];
  }
}

/** Whether its content or name changed after that, on the clock of `Date.now()`. A time to come is that of another clock. */
export function wasWritten(path: string, since: number): boolean {
  try {
    const { ctimeMs } = statSync(path);
    return ctimeMs > since && ctimeMs <= Date.now();
  } catch {
    return false;
  }
}

/**
 * The text of a package.json or tsconfig.json; `undefined` for what is not there or cannot be one, such as a pipe, whose
 * end nobody knows. Throws the system error of one that may not be read.
 */
export function readSettings(file: string): string | undefined {
  const stats = statSync(file, { throwIfNoEntry: false });
  return stats?.isFile() && stats.size <= MAX_SETTINGS_BYTES ? readFileSync(file, 'utf8') : undefined;
}
