import { open, rm, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Generation } from '../isolate/generation.ts';

type Content = AsyncIterable<Uint8Array> | string[];

/** Writes what is inside of generations to files. One that could not be written to its end is removed. */
export class DiagnosticFiles {
  readonly #underWay = new Set<Promise<void>>();
  #count = 0;

  /** What is on its heap, as it is read. */
  async heapSnapshot(generation: Generation, file: string | undefined): Promise<string> {
    const path = resolve(file ?? this.#defaultName(generation, 'heapsnapshot'));
    const snapshot = await generation.heapSnapshots.take();
    try {
      await this.#write(path, snapshot.pieces());
    } finally {
      snapshot.drop();
    }
    return path;
  }

  /** What it spends its time on, from now on for so long. */
  async cpuProfile(generation: Generation, ms: number, file: string | undefined): Promise<string> {
    const path = resolve(file ?? this.#defaultName(generation, 'cpuprofile'));
    await this.#write(path, [await generation.cpuProfile(ms)]);
    return path;
  }

  /** Resolves when all is written, or removed. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#underWay);
  }

  async #write(path: string, content: Content): Promise<void> {
    const written = write(path, content);
    this.#underWay.add(written);
    await written.finally(() => this.#underWay.delete(written));
  }

  /** Chrome's tools only open files with these endings. */
  #defaultName({ plugin, number }: Generation, ending: 'heapsnapshot' | 'cpuprofile'): string {
    const time = new Date().toISOString().replace(/[:.]/g, '-');
    return `${plugin}-${number}-${time}-${++this.#count}.${ending}`;
  }
}

async function write(path: string, content: Content): Promise<void> {
  const file = await open(path, 'w');
  try {
    await pipeline(content, file.createWriteStream());
  } catch (error) {
    await removeFile(path);
    throw error;
  }
}

/** It may also be a device, or a pipe. */
async function removeFile(path: string): Promise<void> {
  const stats = await stat(path).catch(() => undefined);
  if (stats?.isFile()) await rm(path, { force: true });
}
