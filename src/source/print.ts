import { createHash } from 'node:crypto';
import { readFileSync, type Stats, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

/** What was found at a path: the hash of the content, or that nothing readable was there. */
export interface Print {
  hash: string;
  mtimeMs: number;
  /** Size, times and inode; empty if it was read so soon after its change that these may not tell the next one. */
  quick: string;
}

export interface FileStats extends Pick<Print, 'mtimeMs' | 'quick'> {
  size: number;
  /** Size, times and inode, settled or not. */
  stamp: string;
}

/** What is no file, or cannot be read, has for a hash. */
export const ABSENT = 'absent';
const NOTHING: FileStats = { size: 0, mtimeMs: 0, quick: ABSENT, stamp: ABSENT };
/** File systems count time in steps of some milliseconds; a change within the same step would go unnoticed. */
const SETTLED_MS = 100;
/** Some count in seconds, as ext4 with small inodes does, or in steps of two, as FAT. */
const SETTLED_SECONDS_MS = 2_100;
/** Of a larger file, in bytes, size and time stand for the content: it is data or a bundle gone wrong, not a plugin. */
export const MAX_READ_BYTES = 16 * 1024 * 1024;
/** Up to so many bytes it takes less of the host's time to wait for a file than to be told when it is read. */
const AT_ONCE_BYTES = 64 * 1024;

export async function printOf(path: string): Promise<Print> {
  const stats = statsOf(path);
  if (stats.quick === ABSENT) return { ...stats, hash: ABSENT };
  if (stats.size > MAX_READ_BYTES) return { ...stats, hash: hashOfLarge(stats) };
  try {
    return { ...stats, hash: hashOf(await contentOf(path, stats)) };
  } catch {
    // It may be readable the next time although nothing about it has changed: when there are descriptors again, say.
    return { hash: ABSENT, mtimeMs: 0, quick: '' };
  }
}

/**
 * Of what is no file, as of what is not there: nothing can be read from it. At once: to be told of the stats of 200 files
 * keeps the host busy for 20 ms, to wait for them for 2.
 */
export function statsOf(path: string): FileStats {
  let stats: Stats | undefined;
  try {
    stats = statSync(path, { throwIfNoEntry: false });
  } catch {
    return NOTHING;
  }
  if (!stats?.isFile()) return NOTHING;
  const { size, mtimeMs, ctimeMs, ino } = stats;
  const changedMs = Math.max(mtimeMs, ctimeMs);
  const settled = Date.now() - changedMs >= (changedMs % 1_000 === 0 ? SETTLED_SECONDS_MS : SETTLED_MS);
  const stamp = `${size}:${mtimeMs}:${ctimeMs}:${ino}`;
  return { size, mtimeMs, stamp, quick: settled ? stamp : '' };
}

export async function contentOf(path: string, { size }: FileStats): Promise<Buffer> {
  return size > AT_ONCE_BYTES ? await readFile(path) : readFileSync(path);
}

export function hashOfLarge({ size, mtimeMs }: { size: number; mtimeMs: number }): string {
  return `${size}:${mtimeMs}`;
}

export function hashOf(content: Uint8Array): string {
  return createHash('sha1').update(content).digest('base64');
}
