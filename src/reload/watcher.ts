import { sep } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { reserveInotify } from './inotify.ts';
import { OutsideFiles } from './outside-files.ts';
import { explainWatchError, isTransient } from './watch-error.ts';
import { WatchedRoot, type WatchedRootHost } from './watched-root.ts';

/** How long, and how often, watching is tried again that failed because something vanished on the way. */
const PATIENCE_MS = 10_000;
const RETRY_MS = 100;

/**
 * Tells of changes below some directories, by the system's own means. Events are hints only: they can be lost, and come
 * under any name. What is watched is fixed at the start: when the host is told that it is stale, it makes a new one, since
 * only with the last subscription the native watcher forgets which folders there were.
 */
export class NativeWatcher {
  readonly #host: WatchedRootHost;
  readonly #roots: readonly WatchedRoot[];
  readonly #outside: OutsideFiles;
  #release: (() => Promise<void>) | undefined;
  #stopped = false;

  constructor(roots: readonly string[], host: WatchedRootHost) {
    this.#host = host;
    this.#roots = roots.map((root) => new WatchedRoot(root, host));
    this.#outside = new OutsideFiles((paths) => host.hint(paths));
  }

  /** Resolves when everything that exists is subscribed. Rejects, with a text for users, if the system cannot watch. */
  async start(): Promise<void> {
    const until = performance.now() + PATIENCE_MS;
    while (!this.#stopped) {
      try {
        await this.#subscribe();
        return;
      } catch (error) {
        await this.#unsubscribe();
        if (!isTransient(error) || performance.now() > until) throw error;
        await delay(RETRY_MS);
      }
    }
  }

  /** These files are watched too, as far as they lie outside the directories. */
  watchOutside(files: Iterable<string>): void {
    if (this.#stopped) return;
    const inside = this.#roots.flatMap(({ real }) => (real === undefined ? [] : [real + sep]));
    const outside = [...files].filter((file) => !inside.some((root) => file.startsWith(root)));
    if (this.#outside.follow(outside)) this.#host.hint([]);
  }

  /** Also ends a start that is under way. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#outside.close();
    await this.#unsubscribe();
  }

  async #subscribe(): Promise<void> {
    let what = 'The plugin directories';
    try {
      this.#release = await reserveInotify();
      for (const root of this.#roots) {
        what = `'${root.path}'`;
        await root.start();
      }
    } catch (error) {
      throw explainWatchError(error, what);
    }
  }

  async #unsubscribe(): Promise<void> {
    await Promise.all(this.#roots.map((root) => root.stop()));
    const release = this.#release;
    this.#release = undefined;
    await release?.().catch(() => {});
  }
}
