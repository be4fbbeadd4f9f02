import { type FSWatcher, watch } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { AsyncSubscription, Event } from '@parcel/watcher';

export interface WatcherHost {
  /** Something may have changed at these paths. */
  hint(paths: string[]): void;
  /** The native watcher works no longer, or not at all; the text says why and what to do. */
  failed(text: string): void;
}

/** How often it is checked that a directory is still the one that is watched. One `stat`. */
const ROOT_CHECK_MS = 1_000;
/** After so many failures in a row of one directory the native watcher is given up. */
const MAX_FAILURES = 3;

/**
 * Tells of changes below some directories, by the system's own means. Events are hints only: they can be lost, and come
 * under any name.
 */
export class NativeWatcher {
  readonly #roots: readonly string[];
  readonly #host: WatcherHost;
  readonly #watched = new Map<string, WatchedRoot>();
  readonly #outside = new Map<string, FSWatcher>();
  #stopped = false;

  constructor(roots: readonly string[], host: WatcherHost) {
    this.#roots = roots;
    this.#host = host;
  }

  /** Resolves when everything that exists is subscribed. Rejects if the system cannot watch at all. */
  async start(): Promise<void> {
    for (const root of this.#roots) {
      const watched = new WatchedRoot(root, this.#host);
      this.#watched.set(root, watched);
      await watched.start();
    }
  }

  /** Files of plugins that lie outside the directories: their own directories are watched, without what is below. */
  watchOutside(files: Iterable<string>): void {
    if (this.#stopped) return;
    const roots = [...this.#watched.values()].map((watched) => watched.real);
    const directories = new Set<string>();
    for (const file of files) {
      if (!roots.some((root) => root !== undefined && file.startsWith(`${root}/`)))
        directories.add(dirname(file));
    }
    for (const [directory, watcher] of this.#outside) {
      if (directories.has(directory)) continue;
      watcher.close();
      this.#outside.delete(directory);
    }
    for (const directory of directories) {
      if (!this.#outside.has(directory)) this.#watchDirectory(directory);
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const watcher of this.#outside.values()) watcher.close();
    this.#outside.clear();
    await Promise.all([...this.#watched.values()].map((watched) => watched.stop()));
  }

  #watchDirectory(directory: string): void {
    try {
      const watcher = watch(directory, { persistent: false }, (_event, name) =>
        this.#host.hint([name === null ? directory : `${directory}/${name}`]),
      );
      watcher.on('error', () => {
        watcher.close();
        this.#outside.delete(directory);
      });
      this.#outside.set(directory, watcher);
    } catch {
      // Not there, or not watchable: the sweep looks at its files.
    }
  }
}

/** One directory: subscribed while it exists, subscribed anew when it was replaced, grew folders or broke. */
class WatchedRoot {
  readonly #root: string;
  readonly #host: WatcherHost;
  #subscription: AsyncSubscription | undefined;
  #identity = '';
  #timer: NodeJS.Timeout | undefined;
  #busy: Promise<void> = Promise.resolve();
  #stopped = false;
  #failures = 0;
  real: string | undefined;

  constructor(root: string, host: WatcherHost) {
    this.#root = root;
    this.#host = host;
  }

  async start(): Promise<void> {
    await this.#subscribe();
    this.#timer = setInterval(() => void this.#check(), ROOT_CHECK_MS);
    this.#timer.unref();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#timer);
    await this.#busy;
    await this.#unsubscribe();
  }

  /** One change of the subscription at a time. */
  #exclusively(change: () => Promise<void>): Promise<void> {
    this.#busy = this.#busy.then(async () => {
      if (!this.#stopped) await change();
    });
    return this.#busy;
  }

  async #subscribe(): Promise<void> {
    this.#identity = await identityOf(this.#root);
    if (this.#identity === '') return;
    this.real = await realpath(this.#root);
    probe(this.real);
    const watcher = await import('@parcel/watcher');
    this.#subscription = await watcher.subscribe(
      this.real,
      (error, events) => this.#received(error, events),
      {
        ignore: ['node_modules', '.git'],
      },
    );
  }

  async #unsubscribe(): Promise<void> {
    const subscription = this.#subscription;
    this.#subscription = undefined;
    await subscription?.unsubscribe().catch(() => {});
  }

  #received(error: Error | null, events: Event[]): void {
    if (this.#stopped) return;
    if (error !== null) {
      void this.#resubscribe(translate(error, this.#root));
      return;
    }
    this.#failures = 0;
    this.#host.hint(events.map((event) => event.path));
    // What lies in a new folder is only watched after subscribing anew.
    const created = events.filter((event) => event.type === 'create').map((event) => event.path);
    if (created.length > 0) void this.#followFolders(created);
  }

  async #followFolders(created: string[]): Promise<void> {
    const areFolders = await Promise.all(
      created.map((path) =>
        stat(path).then(
          (s) => s.isDirectory(),
          () => false,
        ),
      ),
    );
    if (areFolders.includes(true)) await this.#resubscribe(undefined);
  }

  async #check(): Promise<void> {
    const identity = await identityOf(this.#root);
    if (identity === this.#identity || this.#stopped) return;
    await this.#resubscribe(undefined);
  }

  /** Ends the subscription and makes a new one; whatever happened in between is found by looking. */
  async #resubscribe(problem: string | undefined): Promise<void> {
    await this.#exclusively(async () => {
      await this.#unsubscribe();
      try {
        if (problem !== undefined && ++this.#failures >= MAX_FAILURES) throw new Error(problem);
        await this.#subscribe();
      } catch (error) {
        this.#host.failed((error as Error).message);
      }
      this.#host.hint([this.#root]);
    });
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

/** Without free inotify instances the native `subscribe` would block the process for ever; Node's own watcher throws. */
function probe(directory: string): void {
  try {
    watch(directory).close();
  } catch (error) {
    throw new Error(translate(error as Error, directory));
  }
}

function translate(error: Error, directory: string): string {
  const text = `${(error as NodeJS.ErrnoException).code ?? ''} ${error.message}`;
  if (/ENOSPC|No space left/.test(text)) {
    return `'${directory}' cannot be watched: the system's limit of watches is reached (fs.inotify.max_user_watches). Raise it, or use polling.`;
  }
  if (/EMFILE|Too many open files/.test(text)) {
    return `'${directory}' cannot be watched: too many watchers or open files (fs.inotify.max_user_instances, ulimit -n). Raise it, or use polling.`;
  }
  return `'${directory}' cannot be watched: ${error.message}`;
}
