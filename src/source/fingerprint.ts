import { createHash } from 'node:crypto';
import { readFileSync, realpathSync, type Stats, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { getOrMake } from '../get-or-make.ts';
import { filesBelow } from './files.ts';

/** What was found at a path: the hash of the content, or that nothing readable was there. */
interface Print {
  hash: string;
  mtimeMs: number;
  /** Size, times and inode; empty if it was read so soon after its change that these may not tell the next one. */
  quick: string;
}

export type Difference = 'same' | 'touched' | 'changed';

export interface Comparison {
  /** Files to be read although their size, times and inode are as they were. */
  suspects?: ReadonlySet<string>;
  /** That something was touched is told only this once. */
  acknowledge?: boolean;
  /** What was found in the same look already: plugins have files in common, and one look at them is enough. */
  seen?: Map<string, FileStats>;
}

type FileStats = Pick<Print, 'mtimeMs' | 'quick'> & { size: number };

const ABSENT = 'absent';
const NOTHING: FileStats = { size: 0, mtimeMs: 0, quick: ABSENT };
/** File systems count time in steps of some milliseconds; a change within the same step would go unnoticed. */
const SETTLED_MS = 100;
/** Of a larger file, in bytes, size and time stand for the content: it is data or a bundle gone wrong, not a plugin. */
export const MAX_READ_BYTES = 16 * 1024 * 1024;
/** Among more files it would take long to look, each time, for those that an import can mean: these are not watched for. */
const MAX_CHOICES = 2_000;
/** Up to so many bytes it takes less of the host's time to wait for a file than to be told when it is read. */
const AT_ONCE_BYTES = 64 * 1024;

/** The files that a build was made of, as they were then. */
export class Fingerprint {
  readonly #prints = new Map<string, Print>();
  readonly #links = new Map<string, string>();
  /** What was only looked for. */
  readonly #missed = new Set<string>();
  readonly #choices = new Map<string, { folder: string; names: RegExp; files: string[] }>();

  get paths(): Iterable<string> {
    return [...this.#prints.keys(), ...this.#links.keys()];
  }

  /** The files that it was made of or that its modules name, there or not. */
  get named(): string[] {
    return [...this.#prints.keys()].filter((path) => !this.#missed.has(path));
  }

  has(path: string): boolean {
    return this.#prints.has(path);
  }

  /** Whether a file had another content. */
  differs(path: string, content: Uint8Array): boolean {
    const print = this.#prints.get(path);
    return print !== undefined && print.hash !== hashOf(content);
  }

  /** Reads a file that goes into a build; what is no file, or too large, is recorded and described instead. */
  async read(path: string): Promise<Buffer | { isFile: boolean; size: number }> {
    this.#missed.delete(path);
    // Before the content: of a file that changes in between, the next comparison finds the times to differ.
    const stats = statsOf(path);
    const isFile = stats.quick !== ABSENT;
    if (!isFile || stats.size > MAX_READ_BYTES) {
      this.#prints.set(path, { ...stats, hash: isFile ? hashOfLarge(stats) : ABSENT });
      return { isFile, size: stats.size };
    }
    const content = await contentOf(path, stats);
    this.#prints.set(path, { ...stats, hash: hashOf(content) });
    return content;
  }

  /** Records files that were used but not seen, as they are now. */
  async addFiles(paths: Iterable<string>): Promise<void> {
    const all = [...paths];
    for (const path of all) this.#missed.delete(path);
    const unknown = all.filter((path) => !this.#prints.has(path));
    await Promise.all(unknown.map(async (path) => this.#prints.set(path, await printOf(path))));
  }

  /** Records that files were missed, whether or not they are there by now: those that are will differ. */
  addMissing(paths: Iterable<string>): void {
    for (const path of paths) {
      if (this.#prints.has(path)) continue;
      this.#prints.set(path, { hash: ABSENT, mtimeMs: 0, quick: ABSENT });
      this.#missed.add(path);
    }
  }

  /** Records what another was made of, where it is not known yet. */
  include(other: Fingerprint): void {
    for (const [path, print] of other.#prints) if (!this.#prints.has(path)) this.#prints.set(path, print);
    for (const [path, target] of other.#links) if (!this.#links.has(path)) this.#links.set(path, target);
    for (const [key, choice] of other.#choices) if (!this.#choices.has(key)) this.#choices.set(key, choice);
  }

  /** Whether the same was found at the same paths. */
  equals(other: Fingerprint): boolean {
    return isDeepStrictEqual(
      [this.#hashes(), this.#links, this.#choices],
      [other.#hashes(), other.#links, other.#choices],
    );
  }

  /** Records where a path leads that goes by way of a link: the link can be made to lead elsewhere. */
  addLink(path: string): void {
    this.#links.set(path, targetOf(path));
  }

  /**
   * Records which files an import can mean whose name is made at run time.
   *
   * @param pattern as esbuild writes it: `*` for what is not known, `**` for any folders
   */
  addChoice(folder: string, pattern: string): void {
    const known = pattern.slice(0, pattern.lastIndexOf('/', pattern.indexOf('*')) + 1);
    const choice = { folder: resolve(folder, known), names: matching(pattern.slice(known.length)) };
    this.#choices.set(join(folder, pattern), { ...choice, files: filesOf(choice) });
  }

  /** Changes when one of the files is written, or a link is made to lead elsewhere. */
  stamp(): string {
    const files = [...this.#prints.keys()].map(statsOf).map(({ size, mtimeMs }) => `${size}:${mtimeMs}`);
    const links = [...this.#links.keys()].map(targetOf);
    return [...files, ...links].join();
  }

  /**
   * Compares with the disk. Files are read only if their size, times or inode differ.
   *
   * @returns `touched` if something was written with the same content
   */
  async compare({ suspects, acknowledge, seen = new Map() }: Comparison = {}): Promise<Difference> {
    let difference: Difference = 'same';
    for (const [path, print] of [...this.#prints]) {
      const { quick } = getOrMake(seen, path, statsOf);
      if (quick !== '' && quick === print.quick && !suspects?.has(path)) continue;
      const now = await printOf(path);
      if (now.hash !== print.hash) return 'changed';
      if (now.mtimeMs === print.mtimeMs) print.quick = now.quick;
      else {
        difference = 'touched';
        if (acknowledge) this.#prints.set(path, now);
      }
    }
    for (const [path, target] of this.#links) if (targetOf(path) !== target) return 'changed';
    for (const choice of this.#choices.values())
      if (!isDeepStrictEqual(filesOf(choice), choice.files)) return 'changed';
    return difference;
  }

  #hashes(): Map<string, string> {
    return new Map([...this.#prints].map(([path, { hash }]) => [path, hash]));
  }
}

function matching(pattern: string): RegExp {
  const parts = pattern.split(/(\*\*\/|\*)/).map((part) => {
    if (part === '**/') return '(.*/)?';
    return part === '*' ? '[^/]*' : part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&');
  });
  return new RegExp(`^${parts.join('')}$`);
}

function filesOf({ folder, names }: { folder: string; names: RegExp }): string[] {
  const files: string[] = [];
  let count = 0;
  for (const file of filesBelow([folder])) {
    if (++count > MAX_CHOICES) return [];
    const name = relative(folder, file).replaceAll(sep, '/');
    if (names.test(name)) files.push(name);
  }
  return files.sort();
}

async function printOf(path: string): Promise<Print> {
  const stats = statsOf(path);
  if (stats.quick === ABSENT) return { ...stats, hash: ABSENT };
  if (stats.size > MAX_READ_BYTES) return { ...stats, hash: hashOfLarge(stats) };
  try {
    return { ...stats, hash: hashOf(await contentOf(path, stats)) };
  } catch {
    return { ...stats, hash: ABSENT, mtimeMs: 0 };
  }
}

/**
 * Of what is no file, as of what is not there: nothing can be read from it. At once: to be told of the stats of 200 files
 * keeps the host busy for 20 ms, to wait for them for 2.
 */
function statsOf(path: string): FileStats {
  let stats: Stats | undefined;
  try {
    stats = statSync(path, { throwIfNoEntry: false });
  } catch {
    return NOTHING;
  }
  if (!stats?.isFile()) return NOTHING;
  const { size, mtimeMs, ctimeMs, ino } = stats;
  const settled = Date.now() - Math.max(mtimeMs, ctimeMs) >= SETTLED_MS;
  return { size, mtimeMs, quick: settled ? `${size}:${mtimeMs}:${ctimeMs}:${ino}` : '' };
}

async function contentOf(path: string, { size }: FileStats): Promise<Buffer> {
  return size > AT_ONCE_BYTES ? await readFile(path) : readFileSync(path);
}

function realpathOf(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

function targetOf(path: string): string {
  return realpathOf(path) ?? ABSENT;
}

function hashOfLarge({ size, mtimeMs }: { size: number; mtimeMs: number }): string {
  return `${size}:${mtimeMs}`;
}

function hashOf(content: Uint8Array): string {
  return createHash('sha1').update(content).digest('base64');
}
