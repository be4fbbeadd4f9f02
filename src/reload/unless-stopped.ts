import { PluginStoppedError } from '../errors.ts';
import type { Slot } from '../isolate/slot.ts';
import { FILES_MS, within } from '../within.ts';

/**
 * What comes of files, for the operation that has its turn on a slot. A stop does not wait for them for ever, however early
 * it was wanted.
 *
 * @param letGo gets what comes too late
 * @throws {PluginStoppedError}
 */
export async function unlessStopped<T>(
  slot: Slot,
  fromFiles: Promise<T>,
  letGo: (late: T) => void = () => {},
): Promise<T> {
  let isOver = false;
  const stopped = new Promise<never>((_, reject) => {
    const giveUp = async () => {
      await within(fromFiles, FILES_MS).catch(() => {});
      if (isOver) return;
      fromFiles.then(letGo).catch(() => {});
      reject(new PluginStoppedError(slot.name, slot.lastGeneration));
    };
    slot.wait = { interrupt: () => void giveUp() };
    if (slot.stopsWanted > 0) void giveUp();
  });
  try {
    return await Promise.race([fromFiles, stopped]);
  } finally {
    isOver = true;
    slot.wait = undefined;
  }
}
