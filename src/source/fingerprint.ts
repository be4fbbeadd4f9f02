import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { getOrMake } from '../get-or-make.ts';
import { Choice } from './choice.ts';
import {
  ABSENT,
  contentOf,
  type FileStats,
  hashOf,
  hashOfLarge,
  MAX_READ_BYTES,
  type Print,
  printOf,
  statsOf,
} from './print.ts';

export type Difference = 'same' | 'touched' | 'changed';

export interface Comparison {
  /** Files to be read although their size, times and inode are as they were. */
  suspects?: ReadonlySet<string>;
  /** That something was touched is told only this once. */
  acknowledge?: boolean;
  /** What was found in the same look already: plugins have files in common, and one look at them is enough. */
  seen?: Map<string, FileStats>;
}

/** The files that a build was made of, as they were then. */
export class Fingerprint {
  readonly #prints = new Map<string, Print>();
  readonly #links = new Map<string, string>();
  /** What was only looked for. */
  readonly #missed = new Set<string>();
  readonly #choices = new Map<string, Choice>();

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
  addLink(path: string, target = targetOf(path)): void {
    this.#links.set(path, target);
  }

  /** Records which files an import can mean that is written with a {@link Choice} of names. */
  addChoice(folder: string, pattern: string): void {
    this.#choices.set(join(folder, pattern), new Choice(folder, pattern));
  }

  /** Changes when one of the files is written, or a link is made to lead elsewhere. */
  stamp(): string {
    const files = [...this.#prints.keys()].map((path) => statsOf(path).stamp);
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
    return [...this.#choices.values()].some((choice) => choice.hasChanged()) ? 'changed' : difference;
  }

  #hashes(): Map<string, string> {
    return new Map([...this.#prints].map(([path, { hash }]) => [path, hash]));
  }
}

function targetOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return ABSENT;
  }
}
