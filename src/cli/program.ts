import { relative } from 'node:path';
import type { BotConfig } from '../bots/config-file.ts';
import { followConfig, unusedInFile } from '../bots/config-follow.ts';
import type { ConfigWatch } from '../bots/config-watch.ts';
import { botFunctions, ConsoleBot } from '../bots/console/console-bot.ts';
import { type Input, PipedInput, TerminalInput } from '../bots/console/input.ts';
import { quietLogger } from '../bots/console/quiet-logger.ts';
import { Screen } from '../bots/console/screen.ts';
import { type HotReloadOptions, PluginManager } from '../index.ts';
import { BUDGET_MS, Shutdown } from './shutdown.ts';

/** At a terminal nobody is kept waiting longer by a plugin that is slow to load. */
const PATIENCE_MS = 3_000;

export interface ProgramOptions {
  config: BotConfig;
  /** Watched, also if it does not exist yet. */
  configFile: string;
  pluginDirs: string[];
  hotReload: HotReloadOptions;
  user: string;
}

/** The console bot as a process: from its first line to its end. */
export class Program {
  readonly #options: ProgramOptions;
  readonly #isTerminal =
    process.stdin.isTTY === true && process.stdout.isTTY === true && process.env.TERM !== 'dumb';
  readonly #screen: Screen;
  readonly #manager: PluginManager;
  readonly #bot: ConsoleBot;
  readonly #input: Input;
  readonly #shutdown: Shutdown;
  readonly #zombies = new Set<string>();
  #configWatch: ConfigWatch | undefined;

  constructor(options: ProgramOptions) {
    const { config, pluginDirs, hotReload, user } = options;
    this.#options = options;
    this.#shutdown = new Shutdown({
      stop: (timeoutMs) => this.#stop(timeoutMs),
      unfinished: () => this.#unfinished(),
      say: (text) => this.#screen.print(text),
    });
    this.#screen = new Screen(
      process.stdout,
      process.stderr,
      () => void this.#shutdown.begin('output-closed', BUDGET_MS),
    );
    this.#manager = new PluginManager({
      pluginDir: pluginDirs,
      bot: botFunctions(this.#screen),
      logger: quietLogger,
      hotReload,
      config: config.config,
      plugins: config.options,
      defaults: config.defaults,
      ...(config.crashDir !== undefined && { crashDir: config.crashDir }),
    });
    this.#manager.on('zombie', ({ name }) => this.#zombies.add(name));
    this.#bot = new ConsoleBot({ manager: this.#manager, screen: this.#screen, user });
    const answer = (line: string) => this.#bot.answer(line);
    this.#input = this.#isTerminal
      ? new TerminalInput(this.#screen, { answer, interrupted: () => this.#shutdown.signalled('SIGINT') })
      : new PipedInput({ answer });
  }

  /** Resolves when everything has stopped; the process then ends by itself. */
  async run(): Promise<void> {
    this.#shutdown.listen();
    try {
      await this.#start();
      await this.#input.run();
    } catch (error) {
      // What a signal interrupts, fails.
      if (!this.#shutdown.begun) throw error;
    } finally {
      // Whoever typed Ctrl-D waits; a script wants what it has begun to be finished.
      await this.#shutdown.begin('end-of-input', this.#isTerminal ? BUDGET_MS : undefined);
    }
  }

  async #start(): Promise<void> {
    const { config, configFile } = this.#options;
    const warn = (line: string) => this.#screen.print(`${this.#screen.style('yellow', '!')} ${line}`);
    if (config.enabled) await this.#bot.start(this.#isTerminal ? PATIENCE_MS : Number.POSITIVE_INFINITY);
    else this.#bot.startWithout(`plugins.enabled is false in ${relative('', configFile)}`);
    if (this.#shutdown.begun) return;
    if (config.enabled) unusedInFile(configFile, config, this.#manager).forEach(warn);
    const info = (line: string) => this.#screen.print(line);
    this.#configWatch = followConfig(configFile, config, this.#manager, { info, warn });
  }

  async #stop(timeoutMs: number | undefined): Promise<void> {
    this.#bot.stopping();
    this.#input.close();
    process.stdin.unref?.();
    // Side by side: a plugin that is just being configured is interrupted by its unloading.
    await Promise.all([
      this.#configWatch?.stop(),
      this.#manager.unloadAll(timeoutMs === undefined ? {} : { timeoutMs }),
    ]);
    await this.#input.answered();
  }

  #unfinished(): string[] {
    const settled = new Set(['stopped', 'disabled', 'failed', 'discovered']);
    const unloading = this.#manager.list().filter(({ state }) => !settled.has(state));
    return [...new Set([...unloading.map(({ name }) => name), ...this.#zombies])];
  }
}
