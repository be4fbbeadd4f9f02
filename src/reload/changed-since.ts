import { filesBelow, wasWritten } from '../source/files.ts';
import { TimeSlice } from './time-slice.ts';

/** So many files in the plugin directories are looked at; with more, a look at all of them would take too long. */
const MOST_FILES = 2_000;

/**
 * Whether a file of a plugin, or anything in the plugin directories, was written after that.
 *
 * @param since on the clock of `Date.now()`
 * @param inputs files of plugins, wherever they lie
 */
export async function changedSince(
  since: number,
  inputs: Iterable<string>,
  directories: readonly string[],
): Promise<boolean> {
  const slice = new TimeSlice();
  for (const path of paths(inputs, directories)) {
    if (wasWritten(path, since)) return true;
    await slice.pause();
  }
  return false;
}

function* paths(inputs: Iterable<string>, directories: readonly string[]): Generator<string> {
  yield* [...inputs];
  let left = MOST_FILES;
  for (const path of filesBelow(directories)) {
    if (left-- === 0) return;
    yield path;
  }
}
