import { existsSync, mkdtempSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, realpath, rm, utimes } from 'node:fs/promises';
import type { Server } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { asError } from '../errors.ts';
import type { Build } from './build.ts';
import { isAbandoned, showLife } from './life-sign.ts';

const PREFIX = 'bulkhead-builds-';
/** Of folders beside those of the plugins, whose ids begin with a letter or digit. */
const PROCESS_PREFIX = '.process-';
/** Systems clear their temporary directory of what nobody has used for days; a crash may need its build after weeks. */
const TOUCH_MS = 6 * 3_600_000;

/** The temporary directory is not there, is full, or cannot be written, which somebody may mend while the bot runs. */
export class UnusableDirectoryError extends Error {
  constructor(cause: unknown) {
    const variable = process.platform === 'win32' ? 'TEMP' : 'TMPDIR';
    const text = `the temporary directory '${tmpdir()}' cannot be used (${asError(cause).message})`;
    const help = `Make it or room in it, or name one that can be written in the environment variable ${variable}`;
    super(`${text}. ${help}`, { cause });
  }
}

interface Made {
  path: string;
  lifeSign: Server | undefined;
}

/**
 * A temporary directory for builds, made when the first one needs it, with a folder for each plugin, and one for each process
 * to work in.
 */
export class BuildDirectory {
  #made: Promise<Made> | undefined;
  #path: string | undefined;
  #touching: NodeJS.Timeout | undefined;

  /** The folder of the plugin with that id. What could not be made is tried again the next time. */
  async of(id: string): Promise<string> {
    await this.#forgetRemoved();
    if (this.#made === undefined) {
      const made = make();
      this.#made = made;
      made.then(
        ({ path }) => {
          if (this.#made === made) this.#path = path;
        },
        () => {
          if (this.#made === made) this.#made = undefined;
        },
      );
      void this.#sweep(made);
    }
    this.#touching ??= setInterval(() => void this.#made?.then(touch).catch(() => {}), TOUCH_MS).unref();
    const folder = join((await this.#made).path, id);
    await mkdir(folder, { recursive: true }).catch(unusable);
    return folder;
  }

  /** A fresh, empty folder, which whoever asked for it removes. Only after the first {@link of}. */
  processFolder(): string {
    if (this.#path === undefined) throw new Error('there is no directory for it');
    try {
      return mkdtempSync(join(this.#path, PROCESS_PREFIX));
    } catch (error) {
      return unusable(error);
    }
  }

  /** Somebody may have cleared the temporary directory: one that shows its life is made anew. */
  async #forgetRemoved(): Promise<void> {
    const made = this.#made;
    const { path, lifeSign } = (await made?.catch(() => undefined)) ?? {};
    if (path === undefined || existsSync(path) || this.#made !== made) return;
    lifeSign?.close();
    this.#made = undefined;
  }

  async discard({ jobs, ...plugin }: Build): Promise<void> {
    const files = [plugin, ...(await jobs.all())].map(({ url }) => fileURLToPath(url));
    await Promise.all(
      files.flatMap((file) => [file, `${file}.map`]).map((file) => rm(file, { force: true })),
    );
  }

  /** Removes everything; it can be used again afterwards. */
  async remove(): Promise<void> {
    const made = this.#made;
    this.#made = undefined;
    this.#path = undefined;
    clearInterval(this.#touching);
    this.#touching = undefined;
    if (made === undefined) return;
    const { path, lifeSign } = await made;
    lifeSign?.close();
    // A process may have left something that nobody can remove.
    await rm(path, { recursive: true, force: true }).catch(() => {});
  }

  /** Removes what hosts have left that were killed. Nobody waits for it. */
  async #sweep(made: Promise<Made>): Promise<void> {
    const names = await readdir(tmpdir()).catch(() => []);
    for (const path of names.filter((name) => name.startsWith(PREFIX)).map((name) => join(tmpdir(), name))) {
      if (this.#made !== made) return;
      try {
        if (await isAbandoned(path)) await rm(path, { recursive: true, force: true });
      } catch {
        // Others may sweep too, and what cannot be removed hurts nobody.
      }
    }
  }
}

/** Where it really is: Node's permissions do not know it by another path. */
async function make(): Promise<Made> {
  const made = await mkdtemp(join(tmpdir(), PREFIX)).catch(unusable);
  const path = await realpath(made);
  return { path, lifeSign: await showLife(path) };
}

function unusable(cause: unknown): never {
  throw new UnusableDirectoryError(cause);
}

/** What is just being removed is of no use any more. In a folder of a process, files are not ours. */
async function touch({ path }: Made): Promise<void> {
  const now = new Date();
  const folders = (await readdir(path)).map((name) => join(path, name));
  const ours = folders.filter((folder) => !basename(folder).startsWith(PROCESS_PREFIX));
  const files = await Promise.all(ours.map(filesIn));
  const all = [path, ...folders, ...files.flat()];
  await Promise.all(all.map((each) => utimes(each, now, now).catch(() => {})));
}

async function filesIn(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return names.map((name) => join(folder, name));
}
