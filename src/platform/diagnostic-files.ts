import { createWriteStream } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Generation } from '../isolate/generation.ts';

/** Writes the heap of a generation to a file, as it is read; one that could not be written to its end is removed. */
export async function writeHeapSnapshot(generation: Generation, file: string | undefined): Promise<string> {
  const path = resolve(file ?? defaultName(generation, 'heapsnapshot'));
  const snapshot = await generation.heapSnapshot();
  const output = createWriteStream(path);
  let isOpen = false;
  output.once('open', () => {
    isOpen = true;
  });
  try {
    await pipeline(snapshot, output);
  } catch (error) {
    if (isOpen) await rm(path, { force: true });
    throw error;
  }
  return path;
}

/** Writes what a generation spends its time on, from now on for so long. */
export async function writeCpuProfile(
  generation: Generation,
  ms: number,
  file: string | undefined,
): Promise<string> {
  const path = resolve(file ?? defaultName(generation, 'cpuprofile'));
  await writeFile(path, await generation.cpuProfile(ms));
  return path;
}

let files = 0;

/** Chrome's tools only open files with these endings. */
function defaultName({ plugin, number }: Generation, ending: 'heapsnapshot' | 'cpuprofile'): string {
  const time = new Date().toISOString().replace(/[:.]/g, '-');
  return `${plugin}-${number}-${time}-${++files}.${ending}`;
}
