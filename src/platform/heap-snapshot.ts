import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Generation } from '../isolate/generation.ts';

/** Writes the heap of a generation to a file, as it is read; one that could not be written to its end is removed. */
export async function writeHeapSnapshot(generation: Generation, file: string | undefined): Promise<string> {
  const path = resolve(file ?? defaultName(generation));
  const snapshot = await generation.heapSnapshot();
  try {
    await pipeline(snapshot, createWriteStream(path));
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
  return path;
}

/** Chrome's tools only open files that are called so. */
function defaultName({ plugin, number }: Generation): string {
  const time = new Date().toISOString().replace(/[:.]/g, '-');
  return `${plugin}-${number}-${time}.heapsnapshot`;
}
