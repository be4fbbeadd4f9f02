import { assertNever } from '../../errors.ts';
import type { LoadAllResult, PluginManager } from '../../index.ts';
import { within } from '../../within.ts';
import { HelpCommand } from './help-command.ts';
import { HiddenCommands } from './hidden-commands.ts';
import type { HostCommand } from './host-command.ts';
import { PluginCommand } from './plugin-command.ts';
import { failureList, startTable } from './plugin-tables.ts';
import type { Screen } from './screen.ts';
import { StatusBoard } from './status-board.ts';
import { firstLine, placeOf, printable } from './text.ts';

/** Where the bot's user writes, as plugins see it. */
export const CHANNEL = 'console';

export interface ConsoleBotOptions {
  manager: PluginManager;
  screen: Screen;
  /** As whom the user speaks to plugins. */
  user: string;
}

/** A bot whose one chat room is the terminal: commands are answered, everything else is a chat message to the plugins. */
export class ConsoleBot {
  readonly board: StatusBoard;
  readonly #manager: PluginManager;
  readonly #screen: Screen;
  readonly #user: string;
  readonly #help: HelpCommand;
  readonly #own: readonly HostCommand[];
  readonly #hidden: HiddenCommands;
  #stopping = false;

  constructor({ manager, screen, user }: ConsoleBotOptions) {
    this.#manager = manager;
    this.#screen = screen;
    this.#user = user;
    this.board = new StatusBoard(manager, screen);
    this.#help = new HelpCommand(manager.commands, () => this.#own, screen);
    this.#own = [this.#help, new PluginCommand(manager, this.board, screen.style)];
    this.#hidden = new HiddenCommands(manager.commands, this.#own);
  }

  /**
   * Loads the plugins and shows them.
   *
   * @param patienceMs after this the table is shown although some still load; each of them then gets a line of its own.
   */
  async start(patienceMs: number): Promise<void> {
    const loading = this.#manager.loadAll();
    const loaded = await within(loading, patienceMs);
    if (this.#stopping) return;
    this.#showPlugins(loaded);
    this.board.open();
    this.#warnOfHidden();
    this.#manager.on('loaded', () => this.#warnOfHidden());
    this.#manager.on('reloaded', () => this.#warnOfHidden());
    if (loaded !== undefined) return;
    const shown = new Set(this.#manager.list().map((plugin) => plugin.name));
    loading.then(
      ({ failed }) => this.#showFailures(failed.filter(({ name }) => !shown.has(name))),
      (error: Error) => this.#stopping || this.#complain(error.message),
    );
  }

  /** Runs with the bot's own commands only. */
  startWithout(reason: string): void {
    this.#screen.print(this.#screen.style('dim', `No plugins are loaded: ${reason}`));
    this.board.open();
  }

  /** From now on only what goes wrong is news. */
  stopping(): void {
    this.#stopping = true;
    this.board.close();
  }

  /** Answers a line. Never rejects. */
  async answer(line: string): Promise<void> {
    const text = line.trim();
    const { commands } = this.#manager;
    const parsed = commands.parse(text);
    if (text === '') return;
    if (parsed === undefined) {
      const message = { channel: CHANNEL, user: this.#user, text };
      const { error } = await this.#manager.emit('chat.message', message);
      if (error !== undefined) this.#complain(error.message);
      return;
    }
    const own = this.#own.find((command) => command.name === parsed.name.toLowerCase());
    if (own === undefined) await this.#dispatch(text);
    else await this.#runOwn(own, parsed.args);
  }

  async #runOwn(command: HostCommand, args: string[]): Promise<void> {
    try {
      const answer = await command.run(args);
      if (answer !== undefined) this.#screen.print(answer);
    } catch (error) {
      this.#complain((error as Error).message);
    }
  }

  async #dispatch(text: string): Promise<void> {
    const { commands } = this.#manager;
    const outcome = await commands.dispatch(text, { user: this.#user, channel: CHANNEL });
    switch (outcome.kind) {
      case 'answered':
        if (outcome.reply !== undefined) this.#screen.print(printable(outcome.reply));
        return;
      case 'unknown':
        this.#complain(this.#help.unknown(outcome.command));
        return;
      case 'failed': {
        const place = placeOf(outcome.error);
        const where = place === '' ? '' : ` (${place})`;
        const text = firstLine(outcome.error.message);
        this.#complain(`${commands.prefix}${outcome.command} failed: ${text}${where}`);
        return;
      }
      case 'not-a-command':
        return;
      default:
        assertNever(outcome);
    }
  }

  #showPlugins(loaded: LoadAllResult | undefined): void {
    const { style } = this.#screen;
    const plugins = this.#manager.list();
    const failed =
      loaded?.failed ??
      plugins.flatMap(({ name, lastError }) => (lastError === undefined ? [] : [{ name, error: lastError }]));
    if (plugins.length > 0) this.#screen.print(startTable(plugins, this.board.loadTimes, style));
    this.#showFailures(failed);
    const broken = plugins.filter((plugin) => failed.some(({ name }) => name === plugin.name)).length;
    const all = plugins.length === 1 ? '1 plugin' : `${plugins.length || 'no'} plugins`;
    const count = broken === 0 ? all : `${all}, ${broken} of them failed`;
    const watch = this.#manager.hotReload.isEnabled ? 'a saved file is reloaded' : 'hot reload is off';
    this.#screen.print(
      style('dim', `${count}; ${watch}; ${this.#manager.commands.prefix}help lists the commands`),
    );
  }

  #showFailures(failed: LoadAllResult['failed']): void {
    if (failed.length > 0 && !this.#stopping) this.#screen.print(failureList(failed, this.#screen.style));
  }

  #warnOfHidden(): void {
    for (const text of this.#hidden.news())
      this.#screen.print(`${this.#screen.style('yellow', '!')} ${printable(text)}`);
  }

  #complain(text: string): void {
    this.#screen.print(`${this.#screen.style('red', '✗')} ${printable(firstLine(text))}`);
  }
}

/** The functions plugins may call as `ctx.bot`. */
export function botFunctions(screen: Screen): { send(channel: string, text: string): void } {
  return {
    send(channel, text) {
      if (typeof channel !== 'string' || typeof text !== 'string')
        throw new TypeError('send(channel, text) takes two strings');
      screen.print(printable(channel === CHANNEL ? text : `${channel}: ${text}`));
    },
  };
}
