import { lstat, readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { AsyncSubscription, Event } from '@parcel/watcher';
import { probeInotify } from './inotify.ts';
import { explainWatchError, limitOf } from './watch-error.ts';
import type { WatcherHost } from './watcher.ts';

/** How often it is checked that a directory is still the one that is watched. One `stat`. */
const CHECK_MS = 1_000;
/** Subscribing fails when a file vanishes while the tree is read: then it is tried again, so often, so many ms later. */
const ATTEMPTS = 8;
const RETRY_MS = 50;
/** What a tree may hold without being part of a plugin, and may be too large to watch. */
const UNWATCHED = new Set(['node_modules', '.git']);

/** One directory: subscribed while it exists, subscribed anew when it was replaced, grew folders or broke. */
export class WatchedRoot {
  readonly #root: string;
  readonly #host: WatcherHost;
  #subscription: AsyncSubscription | undefined;
  #identity = '';
  #timer: NodeJS.Timeout | undefined;
  #renewing: Promise<void> = Promise.resolve();
  #waiting: Promise<void> | undefined;
  #stopped = false;
  real: string | undefined;

  constructor(root: string, host: WatcherHost) {
    this.#root = root;
    this.#host = host;
  }

  /** Resolves when it is subscribed, if it exists. Rejects, with a text for users, if it cannot be watched. */
  async start(): Promise<void> {
    await this.#renew();
    this.#timer = setInterval(() => void this.#check(), CHECK_MS);
    this.#timer.unref();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#timer);
    await this.#renewing;
    await this.#unsubscribe();
  }

  /** Ends the subscription and makes a new one, one at a time; asked for while one waits for its turn, it is that one. */
  #renew(): Promise<void> {
    if (this.#waiting === undefined) {
      this.#waiting = this.#renewing.then(() => {
        this.#waiting = undefined;
        return this.#replace();
      });
      this.#renewing = this.#waiting.catch(() => {});
    }
    return this.#waiting;
  }

  async #replace(): Promise<void> {
    for (let attempt = 1; !this.#stopped; attempt++) {
      try {
        await this.#unsubscribe();
        await this.#subscribe();
        return;
      } catch (error) {
        if (limitOf(error) !== undefined || attempt === ATTEMPTS)
          throw explainWatchError(error, `'${this.#root}'`);
        await delay(RETRY_MS);
      }
    }
  }

  async #subscribe(): Promise<void> {
    this.#identity = await identityOf(this.#root);
    if (this.#identity === '') return;
    this.real = await realpath(this.#root);
    const { subscribe } = await import('@parcel/watcher');
    const before = await readFolders(this.real);
    this.#subscription = await subscribe(this.real, (error, events) => this.#received(error, events), {
      ignore: before.unwatched,
    });
    const after = await readFolders(this.real);
    // One that was made while the tree was read may have been missed.
    if (after.watched.some((folder) => !before.watched.includes(folder))) this.#renewSoon();
  }

  async #unsubscribe(): Promise<void> {
    const subscription = this.#subscription;
    this.#subscription = undefined;
    await subscription?.unsubscribe().catch(() => {});
  }

  #renewSoon(first: () => Promise<void> = async () => {}): void {
    void first()
      .then(() => this.#renew())
      // Whatever happened between two subscriptions is found by looking.
      .then(() => this.#host.hint([this.#root]))
      .catch((error: Error) => this.#host.failed(error.message));
  }

  #received(error: Error | null, events: Event[]): void {
    if (this.#stopped) return;
    if (error !== null) {
      // The instance may have been lost with it, and there may be no other.
      this.#renewSoon(() => probeInotify());
      return;
    }
    this.#host.hint(events.map((event) => event.path));
    void this.#followFolders(events.filter((event) => event.type === 'create').map((event) => event.path));
  }

  /** What a new folder already had in it is only watched after subscribing anew. */
  async #followFolders(created: string[]): Promise<void> {
    const haveFolders = await Promise.all(created.map(hasFolders));
    if (haveFolders.includes(true) && !this.#stopped) this.#renewSoon();
  }

  async #check(): Promise<void> {
    const identity = await identityOf(this.#root);
    if (identity !== this.#identity && !this.#stopped) this.#renewSoon();
  }
}

/** Which directory it is; empty if there is none. */
async function identityOf(directory: string): Promise<string> {
  try {
    const { dev, ino, birthtimeMs } = await stat(directory);
    return `${dev}:${ino}:${birthtimeMs}`;
  } catch {
    return '';
  }
}

/** The folders of a tree: those to be watched, and the topmost of those not to be. */
async function readFolders(directory: string): Promise<{ watched: string[]; unwatched: string[] }> {
  const watched = [directory];
  const unwatched: string[] = [];
  for (const folder of watched) {
    for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
      if (entry.isDirectory())
        (UNWATCHED.has(entry.name) ? unwatched : watched).push(join(folder, entry.name));
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
