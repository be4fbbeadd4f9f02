import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Build } from './build.ts';

/** A temporary directory for builds, made when the first one needs it. */
export class BuildDirectory {
  #path: Promise<string> | undefined;

  path(): Promise<string> {
    this.#path ??= mkdtemp(join(tmpdir(), 'bulkhead-'));
    return this.#path;
  }

  async discard({ jobs, ...plugin }: Build): Promise<void> {
    const files = [plugin, ...(await jobs.all())].map(({ url }) => fileURLToPath(url));
    await Promise.all(
      files.flatMap((file) => [file, `${file}.map`]).map((file) => rm(file, { force: true })),
    );
  }

  /** Removes everything; it can be used again afterwards. */
  async remove(): Promise<void> {
    const path = this.#path;
    this.#path = undefined;
    if (path !== undefined) await rm(await path, { recursive: true, force: true });
  }
}
