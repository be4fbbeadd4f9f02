import { readFileSync, statSync } from 'node:fs';

const MAX_SETTINGS_BYTES = 1024 * 1024;

export function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** The text of a package.json or tsconfig.json; `undefined` for what cannot be one, such as a pipe, whose end nobody knows. */
export function readSettings(file: string): string | undefined {
  try {
    const stats = statSync(file);
    return stats.isFile() && stats.size <= MAX_SETTINGS_BYTES ? readFileSync(file, 'utf8') : undefined;
  } catch {
    return undefined;
  }
}
