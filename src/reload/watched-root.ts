import { lstat, readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { AsyncSubscription, Event } from '@parcel/watcher';
import { WATCH_BACKEND } from './watch-backend.ts';

export interface WatchedRootHost {
  /** Something may have changed at these paths. */
  hint(paths: string[]): void;
  /** Not everything below the directory is watched any more: it has to be watched anew. */
  stale(): void;
}

/** How often it is checked that a directory is still the one that is watched. One `stat`. */
const CHECK_MS = 1_000;
/** What a tree may hold without being part of a plugin, and may be too large to watch. */
const UNWATCHED = new Set(['node_modules', '.git']);

/** One directory and everything below it, as it is when it is subscribed. */
export class WatchedRoot {
  readonly path: string;
  /** Where it really lies; `undefined` if it is not there. */
  real: string | undefined;
  readonly #host: WatchedRootHost;
  #identity = '';
  #subscription: AsyncSubscription | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(path: string, host: WatchedRootHost) {
    this.path = path;
    this.#host = host;
  }

  /** Resolves when it is subscribed, or waited for if it is not there. */
  async start(): Promise<void> {
    this.#timer = setInterval(() => void this.#check(), CHECK_MS);
    this.#timer.unref();
    this.#identity = await identityOf(this.path);
    if (this.#identity === '') return;
    this.real = await realpath(this.path);
    // The watcher would call one that may not be read a bad file descriptor.
    await readdir(this.real);
    const { subscribe } = await import('@parcel/watcher');
    const before = await readFolders(this.real);
    this.#subscription = await subscribe(this.real, (error, events) => this.#received(error, events), {
      ...WATCH_BACKEND,
      ignore: before.unwatched,
    });
    const after = await readFolders(this.real);
    // One that was made while the tree was read may have been missed.
    if ([...after.watched].some((folder) => !before.watched.has(folder))) this.#host.stale();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    const subscription = this.#subscription;
    this.#subscription = undefined;
    await subscription?.unsubscribe().catch(() => {});
  }

  #received(error: Error | null, events: Event[]): void {
    this.#host.hint(events.map((event) => event.path));
    // After an error nothing more would be told, nor of a directory that was moved away, even if it comes back.
    if (error !== null || events.some((event) => event.path === this.real)) this.#host.stale();
    void this.#checkFolders(events.filter((event) => event.type === 'create').map((event) => event.path));
  }

  /** What a new folder already had in it is not watched. */
  async #checkFolders(created: string[]): Promise<void> {
    if ((await Promise.all(created.map(hasFolders))).includes(true)) this.#host.stale();
  }

  async #check(): Promise<void> {
    if ((await identityOf(this.path)) !== this.#identity) this.#host.stale();
  }
}

/** Which directory it is; empty if there is none. */
async function identityOf(directory: string): Promise<string> {
  try {
    const stats = await stat(directory);
    return stats.isDirectory() ? `${stats.dev}:${stats.ino}:${stats.birthtimeMs}` : '';
  } catch {
    return '';
  }
}

/** The folders of a tree: those to be watched, and the topmost of those not to be, by their paths from its top. */
async function readFolders(top: string): Promise<{ watched: Set<string>; unwatched: string[] }> {
  const watched = new Set(['']);
  const unwatched: string[] = [];
  for (const folder of watched) {
    for (const entry of await readdir(join(top, folder), { withFileTypes: true }).catch(() => [])) {
      const path = join(folder, entry.name);
      if (!entry.isDirectory()) continue;
      if (UNWATCHED.has(entry.name)) unwatched.push(path);
      else watched.add(path);
    }
  }
  return { watched, unwatched };
}

async function hasFolders(path: string): Promise<boolean> {
  try {
    if (!(await lstat(path)).isDirectory()) return false;
    return (await readdir(path, { withFileTypes: true })).some((entry) => entry.isDirectory());
  } catch {
    return false;
  }
}
