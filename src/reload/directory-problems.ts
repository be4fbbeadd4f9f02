import { BulkheadError } from '../errors.ts';
import type { Discovery } from '../source/discover.ts';
import { isFile } from '../source/files.ts';
import { DIRECTORY_GRACE_MS } from './absences.ts';

/** Plugin directories that are gone or cannot be read: each problem is told once, as long as it lasts. */
export class DirectoryProblems {
  #told: readonly string[] = [];

  /**
   * What is wrong by now and was not at the look before.
   *
   * @param inUse the directories that plugins come from
   */
  note({ missing, unreadable }: Discovery, inUse: ReadonlySet<string>): string[] {
    const gone = missing
      .filter((directory) => inUse.has(directory))
      .map(
        (directory) =>
          `The plugin directory '${directory}' is missing. What was loaded from it goes on, ` +
          `and is unloaded if it is not back in ${DIRECTORY_GRACE_MS / 1_000} s.`,
      );
    const closed = [...unreadable]
      .filter(([directory]) => inUse.has(directory))
      .map(
        ([directory, { message }]) =>
          `The plugin directory '${directory}' cannot be read (${message}). What was loaded from it goes on.`,
      );
    const problems = [...gone, ...closed];
    const untold = problems.filter((text) => !this.#told.includes(text));
    this.#told = problems;
    return untold;
  }
}

/** Why nothing can be loaded from them, by their paths. */
export function directoryErrors({ missing, unreadable }: Discovery, isWatching: boolean): Map<string, Error> {
  const watched = isWatching ? '; a directory there is watched for' : '';
  const errors = new Map<string, Error>();
  const note = (directory: string, why: string, cause?: Error) => {
    const text = `The plugin directory '${directory}' ${why}${watched}`;
    errors.set(directory, new BulkheadError('ERR_PLUGIN_DIRECTORY', text, { cause }));
  };
  for (const directory of missing) note(directory, isFile(directory) ? 'is a file' : 'is not there');
  for (const [directory, error] of unreadable) note(directory, `cannot be read: ${error.message}`, error);
  return errors;
}
