import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';

/** What was found at a path: the hash of the content, or that nothing readable was there. */
interface Print {
  hash: string;
  mtimeMs: number;
  /** Size, times and inode; empty if it was read so soon after its change that these may not tell the next one. */
  quick: string;
}

export type Difference = 'same' | 'touched' | 'changed';

const ABSENT = 'absent';
/** File systems count time in steps of some milliseconds; a change within the same step would go unnoticed. */
const SETTLED_MS = 100;

/** The files that a build was made of, as they were then. */
export class Fingerprint {
  readonly #prints = new Map<string, Print>();

  get paths(): IterableIterator<string> {
    return this.#prints.keys();
  }

  has(path: string): boolean {
    return this.#prints.has(path);
  }

  /** Records what a build has read. Call it with the very bytes that were used. */
  async add(path: string, content: Uint8Array | undefined): Promise<void> {
    this.#prints.set(path, {
      hash: content === undefined ? ABSENT : hashOf(content),
      ...(await statsOf(path)),
    });
  }

  /** Records files that were used but not seen, as they are now. */
  async addFiles(paths: Iterable<string>): Promise<void> {
    for (const path of paths) {
      if (!this.#prints.has(path)) await this.add(path, await readFile(path).catch(() => undefined));
    }
  }

  /** Changes when one of the files is written. */
  async stamp(): Promise<string> {
    const stats = await Promise.all([...this.#prints.keys()].map(statsOf));
    return stats.map(({ mtimeMs }) => mtimeMs).join();
  }

  /**
   * Compares with the disk. Files are read only if their size, times or inode differ, or if `suspects` names them.
   *
   * @returns `touched` if something was written with the same content; with `acknowledge` only this once.
   */
  async compare(suspects: ReadonlySet<string> = new Set(), acknowledge = false): Promise<Difference> {
    let difference: Difference = 'same';
    for (const [path, print] of this.#prints) {
      const now = await statsOf(path);
      if (now.quick !== '' && now.quick === print.quick && !suspects.has(path)) continue;
      if ((await currentHash(path)) !== print.hash) return 'changed';
      if (now.mtimeMs !== print.mtimeMs) {
        difference = 'touched';
        if (acknowledge) this.#prints.set(path, { ...print, ...now });
      } else print.quick = now.quick;
    }
    return difference;
  }
}

async function currentHash(path: string): Promise<string> {
  const content = await readFile(path).catch(() => undefined);
  return content === undefined ? ABSENT : hashOf(content);
}

async function statsOf(path: string): Promise<{ mtimeMs: number; quick: string }> {
  try {
    const { size, mtimeMs, ctimeMs, ino } = await stat(path);
    const settled = Date.now() - Math.max(mtimeMs, ctimeMs) >= SETTLED_MS;
    return { mtimeMs, quick: settled ? `${size}:${mtimeMs}:${ctimeMs}:${ino}` : '' };
  } catch {
    return { mtimeMs: 0, quick: ABSENT };
  }
}

function hashOf(content: Uint8Array): string {
  return createHash('sha1').update(content).digest('base64');
}
