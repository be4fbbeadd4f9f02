import { unwatchFile, watchFile } from 'node:fs';
import { Turns } from '../turns.ts';
import { compareConfigs } from './config-changes.ts';
import { type BotConfig, readConfigFile } from './config-file.ts';

export interface ConfigWatchHost {
  /** A plugin's own configuration changed; `undefined` if it is not in the file any more. Must not reject. */
  configure(id: string, value: unknown): Promise<void>;
  /** These paths changed, to something else than the bot was started with, and are read at the start only. */
  needsRestart(paths: string[]): void;
  /** The file cannot be used as it is now. Everything stays as it was. */
  failed(error: Error): void;
}

/** One `stat` each time. Polled, because editors replace the file, and a poll cannot lose its subject. */
const LOOK_MS = 250;
/** An editor may still be writing when the change is seen. */
const QUIET_MS = 150;

/** Follows a configuration file through its edits, also one that does not exist yet. */
export class ConfigWatch {
  readonly #path: string;
  readonly #host: ConfigWatchHost;
  readonly #started: BotConfig;
  #current: BotConfig;
  #quiet: NodeJS.Timeout | undefined;
  readonly #readings = new Turns();
  readonly #changed = () => {
    clearTimeout(this.#quiet);
    this.#quiet = setTimeout(() => void this.#readings.take(() => this.#apply()), QUIET_MS);
  };

  /** @param current what the file said when the bot started. */
  constructor(path: string, current: BotConfig, host: ConfigWatchHost) {
    this.#path = path;
    this.#started = current;
    this.#current = current;
    this.#host = host;
  }

  start(): void {
    watchFile(this.#path, { interval: LOOK_MS, persistent: false }, this.#changed);
    // What was written between the start's reading and now would otherwise go unseen.
    this.#changed();
  }

  /** Resolves when no change is being applied any more. */
  async stop(): Promise<void> {
    unwatchFile(this.#path, this.#changed);
    clearTimeout(this.#quiet);
    await this.#readings.over();
  }

  async #apply(): Promise<void> {
    const before = this.#current;
    try {
      this.#current = await readConfigFile(this.#path);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      const wasThere = Object.keys(before.document).length > 0;
      if (code !== 'ENOENT' || wasThere) this.#host.failed(error as Error);
      return;
    }
    const { configured, atNextStart } = compareConfigs(before.document, this.#current.document);
    // What is as at the start again needs no other start.
    const notInEffect = new Set(compareConfigs(this.#started.document, this.#current.document).atNextStart);
    const changed = atNextStart.filter((path) => notInEffect.has(path));
    if (changed.length > 0) this.#host.needsRestart(changed);
    await Promise.all(configured.map((id) => this.#host.configure(id, this.#current.config[id])));
  }
}
