import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Build } from './build.ts';

/** A temporary directory for builds, made when the first one needs it, with a folder for each plugin. */
export class BuildDirectory {
  #path: Promise<string> | undefined;

  /** The folder of the plugin with that id. What could not be made is tried again the next time. */
  async of(id: string): Promise<string> {
    this.#path ??= makeDirectory();
    const made = this.#path;
    made.catch(() => {
      if (this.#path === made) this.#path = undefined;
    });
    const folder = join(await made, id);
    await mkdir(folder, { recursive: true });
    return folder;
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

/** Where it really is: Node's permissions do not know it by another path. */
async function makeDirectory(): Promise<string> {
  return realpath(await mkdtemp(join(tmpdir(), 'bulkhead-')));
}
