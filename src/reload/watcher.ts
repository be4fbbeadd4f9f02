import { sep } from 'node:path';
import { reserveInotify } from './inotify.ts';
import { OutsideFiles } from './outside-files.ts';
import { explainWatchError } from './watch-error.ts';
import { WatchedRoot } from './watched-root.ts';

export interface WatcherHost {
  /** Something may have changed at these paths. */
  hint(paths: string[]): void;
  /** The native watcher works no longer, or not at all; the text says why and what to do. */
  failed(text: string): void;
}

/**
 * Tells of changes below some directories, by the system's own means. Events are hints only: they can be lost, and come
 * under any name.
 */
export class NativeWatcher {
  readonly #host: WatcherHost;
  readonly #roots: readonly WatchedRoot[];
  readonly #outside: OutsideFiles;
  #release: (() => Promise<void>) | undefined;
  #stopped = false;

  constructor(roots: readonly string[], host: WatcherHost) {
    this.#host = host;
    this.#roots = roots.map((root) => new WatchedRoot(root, host));
    this.#outside = new OutsideFiles((paths) => host.hint(paths));
  }

  /** Resolves when everything that exists is subscribed. Rejects, with a text for users, if the system cannot watch. */
  async start(): Promise<void> {
    try {
      this.#release = await reserveInotify();
    } catch (error) {
      throw explainWatchError(error, 'The plugin directories');
    }
    for (const root of this.#roots) await root.start();
  }

  /** These files are watched too, as far as they lie outside the directories. */
  watchOutside(files: Iterable<string>): void {
    if (this.#stopped) return;
    const inside = this.#roots.flatMap(({ real }) => (real === undefined ? [] : [real + sep]));
    const outside = [...files].filter((file) => !inside.some((root) => file.startsWith(root)));
    if (this.#outside.follow(outside)) this.#host.hint([]);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#outside.close();
    await Promise.all(this.#roots.map((root) => root.stop()));
    await this.#release?.().catch(() => {});
  }
}
