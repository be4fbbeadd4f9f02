import { existsSync, type FSWatcher, watch } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { getOrMake } from '../get-or-make.ts';

interface Watched {
  watcher: FSWatcher;
  /** What matters in this directory. */
  names: ReadonlySet<string>;
}

/**
 * Tells of changes to single files, wherever they lie, by watching their directories without what is below; for a
 * directory that is not there, the nearest above it that is.
 */
export class OutsideFiles {
  readonly #hint: (paths: string[]) => void;
  readonly #watched = new Map<string, Watched>();

  constructor(hint: (paths: string[]) => void) {
    this.#hint = hint;
  }

  /**
   * From now on these files count. To be called again after changes: directories come and go.
   *
   * @returns whether there are directories that were not watched before: what happened in them is to be looked for.
   */
  follow(files: Iterable<string>): boolean {
    const wanted = directoriesOf(files);
    let grown = false;
    for (const directory of this.#watched.keys()) if (!wanted.has(directory)) this.#drop(directory);
    for (const [directory, names] of wanted) {
      const watched = this.#watched.get(directory);
      if (watched !== undefined) watched.names = names;
      else if (this.#watch(directory, names)) grown = true;
    }
    return grown;
  }

  close(): void {
    for (const directory of [...this.#watched.keys()]) this.#drop(directory);
  }

  #watch(directory: string, names: ReadonlySet<string>): boolean {
    try {
      const watcher = watch(directory, { persistent: false }, (_event, name) =>
        this.#noticed(directory, name),
      );
      watcher.on('error', () => this.#drop(directory));
      this.#watched.set(directory, { watcher, names });
      return true;
    } catch {
      // Just gone, or not watchable: the sweep looks at its files.
      return false;
    }
  }

  #noticed(directory: string, name: string | null): void {
    // Under its own name the system tells of the end of a directory, and after that of nothing more.
    if (name === basename(directory)) this.#drop(directory);
    else if (name !== null && !this.#watched.get(directory)?.names.has(name)) return;
    this.#hint([name === null ? directory : join(directory, name)]);
  }

  #drop(directory: string): void {
    this.#watched.get(directory)?.watcher.close();
    this.#watched.delete(directory);
  }
}

/** The directories to watch for some files, and what to look for in each. */
function directoriesOf(files: Iterable<string>): Map<string, Set<string>> {
  const directories = new Map<string, Set<string>>();
  const exists = new Map<string, boolean>();
  for (const file of files) {
    let directory = dirname(file);
    let name = basename(file);
    while (directory !== dirname(directory) && !getOrMake(exists, directory, existsSync)) {
      name = basename(directory);
      directory = dirname(directory);
    }
    getOrMake(directories, directory, () => new Set()).add(name);
  }
  return directories;
}
