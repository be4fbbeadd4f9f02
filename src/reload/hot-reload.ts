import type { HotReloadOptions } from '../options.ts';
import { Turns } from '../turns.ts';
import { Debounce } from './debounce.ts';
import { NativeWatcher } from './watcher.ts';

/** When the reasons to watch anew have stopped coming for so long, it is done. */
const SETTLE_MS = 50;
/** This share of the quiet time without a change is worth a build before its end. */
const LULL = 0.1;

export type WatchMode = 'native' | 'polling' | 'off';

export interface HotReloadHost {
  /** Throws `ERR_MANAGER_CLOSED` while everything is unloaded. */
  checkOpen(): void;
  readonly roots: readonly string[];
  /** Compares with the disk and acts. Resolves when the plans are made, not when they are carried out. */
  look(hints: ReadonlySet<string>, since: number): Promise<void>;
  /** Whether a file of a plugin was written after that, on the clock of `Date.now()`. */
  changedSince(since: number): Promise<boolean>;
  /** Prepares, ahead of a look, what a look with these hints will need. */
  anticipate(hints: ReadonlySet<string>): Promise<void>;
  /** Drops what was prepared: no look will follow. */
  forgo(): void;
  /** What a look would find to do, as a text that changes when the files do; empty for nothing. */
  outOfDate(): Promise<string>;
  /** Files of plugins, wherever they lie. */
  inputs(): Iterable<string>;
  /** It works in this way from now on, as it should, or has something to warn of. */
  watching(mode: WatchMode, level: 'debug' | 'warn', text: string): void;
}

/** Watches the plugin directories and has changes acted on. `start` and `stop` can be called at any time, also twice. */
export class HotReloadWatcher {
  readonly #host: HotReloadHost;
  readonly #options: Required<HotReloadOptions>;
  readonly #debounce: Debounce;
  readonly #lull: Debounce;
  readonly #settling: Debounce;
  #native: NativeWatcher | undefined;
  #sweepTimer: NodeJS.Timeout | undefined;
  readonly #lookTimers = new Set<NodeJS.Timeout>();
  #mode: WatchMode = 'off';
  readonly #changes = new Turns();
  readonly #looks = new Turns();
  #stopsWanted = 0;
  #sweeping = false;
  #lastSweep = '';

  constructor(options: Required<HotReloadOptions>, host: HotReloadHost) {
    this.#options = options;
    this.#host = host;
    this.#debounce = new Debounce(
      options.debounceMs,
      (hints, since) => this.#look(hints, since),
      // The native watcher tells of a stream of changes twice a second, polling whenever it looks.
      (since) => host.changedSince(since),
    );
    this.#lull = new Debounce(
      options.debounceMs * LULL,
      (hints) => void this.#looks.take(() => host.anticipate(hints)),
    );
    this.#settling = new Debounce(SETTLE_MS, () => void this.#changes.take(() => this.#watchAnew()));
  }

  /** Whether files are watched, in whichever mode. */
  get isEnabled(): boolean {
    return this.#mode !== 'off';
  }

  /** `native`: told by the system. `polling`: looks for itself. `off`: not started, or stopped. */
  get mode(): WatchMode {
    return this.#mode;
  }

  /** Resolves when changes from now on are noticed. Rejects with `ERR_MANAGER_CLOSED` during `unloadAll`. */
  start(): Promise<void> {
    return this.#changes.take(async () => {
      this.#host.checkOpen();
      if (this.#mode !== 'off') return;
      if (this.#options.polling) this.#poll('debug', 'as asked for by the option');
      else await this.#watch();
      // What changed before the watcher was there is found by looking.
      this.#debounce.hint([]);
    });
  }

  /** Resolves when nothing is watched and no look is under way. What was planned before still runs. */
  stop(): Promise<void> {
    this.#stopsWanted++;
    void this.#native?.stop();
    return this.#changes.take(async () => {
      this.#stopsWanted--;
      if (this.#mode === 'off') return;
      this.#mode = 'off';
      clearInterval(this.#sweepTimer);
      for (const timer of this.#lookTimers) clearTimeout(timer);
      this.#lookTimers.clear();
      this.#debounce.cancel();
      this.#lull.cancel();
      this.#settling.cancel();
      const native = this.#native;
      this.#native = undefined;
      await native?.stop();
      await this.#looks.over();
      this.#host.forgo();
      this.#host.watching('off', 'debug', 'Files are no longer watched');
    });
  }

  /** After loads and reloads: plugins may have come to use other files. */
  inputsChanged(): void {
    this.#native?.watchOutside(this.#host.inputs());
  }

  /** Looks again in so many milliseconds and a quiet time, although nothing has happened. */
  lookAgain(inMs: number): void {
    if (this.#mode === 'off') return;
    const timer = setTimeout(() => {
      this.#lookTimers.delete(timer);
      this.#debounce.hint([]);
    }, inMs);
    timer.unref();
    this.#lookTimers.add(timer);
  }

  async #watch(): Promise<void> {
    const native = new NativeWatcher(this.#host.roots, {
      hint: (paths) => {
        if (this.#native === native) this.#changed(paths);
      },
      stale: () => {
        if (this.#native === native) this.#settling.hint([]);
      },
    });
    this.#native = native;
    try {
      await native.start();
      native.watchOutside(this.#host.inputs());
    } catch (error) {
      this.#native = undefined;
      this.#poll('warn', (error as Error).message);
      return;
    }
    if (this.#mode === 'native') return;
    this.#mode = 'native';
    this.#planSweep(this.#options.sweepMs);
    this.#host.watching('native', 'debug', 'Files are watched');
  }

  async #watchAnew(): Promise<void> {
    if (this.#mode !== 'native' || this.#stopsWanted > 0) return;
    await this.#native?.stop();
    await this.#watch();
    // What changed in between is found by looking.
    this.#debounce.hint([]);
  }

  #poll(level: 'debug' | 'warn', why: string): void {
    this.#mode = 'polling';
    this.#planSweep(this.#options.pollMs);
    this.#host.watching('polling', level, `Files are looked at every ${this.#options.pollMs} ms: ${why}`);
  }

  #planSweep(everyMs: number): void {
    clearInterval(this.#sweepTimer);
    if (everyMs === 0) return;
    this.#sweepTimer = setInterval(() => void this.#sweep(), everyMs);
    this.#sweepTimer.unref();
  }

  async #sweep(): Promise<void> {
    if (this.#sweeping) return;
    this.#sweeping = true;
    try {
      const found = await this.#host.outOfDate();
      // The same finding again is no new change: the quiet time must be able to pass.
      if (found !== '' && found !== this.#lastSweep && this.#mode !== 'off') this.#debounce.hint([]);
      this.#lastSweep = found;
    } catch (error) {
      this.#host.watching(this.#mode, 'warn', `The files could not be compared: ${(error as Error).message}`);
    } finally {
      this.#sweeping = false;
    }
  }

  #changed(paths: readonly string[]): void {
    this.#debounce.hint(paths);
    if (this.#options.debounceMs > 0) this.#lull.hint(paths);
  }

  #look(hints: ReadonlySet<string>, since: number): void {
    void this.#looks.take(async () => {
      // A stop does not wait for a look before this one for ever.
      if (this.#mode === 'off') return;
      try {
        await this.#host.look(hints, since);
      } catch (error) {
        // What it should have found is new to the next sweep.
        this.#lastSweep = '';
        this.#host.watching(
          this.#mode,
          'warn',
          `The plugins could not be looked at: ${(error as Error).message}`,
        );
      }
      // Directories outside may have come or gone.
      this.inputsChanged();
    });
  }
}
