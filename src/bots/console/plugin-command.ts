import type { PluginInfo, PluginManager } from '../../index.ts';
import { didYouMean, nearest } from '../../nearest.ts';
import type { HostCommand } from './host-command.ts';
import { pluginDetails, pluginTable } from './plugin-tables.ts';
import type { StatusBoard } from './status-board.ts';
import type { Style } from './style.ts';

const ACTIONS = ['reload', 'load', 'unload', 'enable', 'disable', 'rollback'] as const;
type Action = (typeof ACTIONS)[number];
const WORDS = ['list', 'info', ...ACTIONS];

/** `!plugin`: shows the plugins and does something with one. */
export class PluginCommand implements HostCommand {
  readonly name = 'plugin';
  readonly usage = `list | ${WORDS.slice(1).join('|')} NAME`;
  readonly description = 'Shows the plugins, or does something with one';
  readonly #manager: PluginManager;
  readonly #board: StatusBoard;
  readonly #style: Style;

  constructor(manager: PluginManager, board: StatusBoard, style: Style) {
    this.#manager = manager;
    this.#board = board;
    this.#style = style;
  }

  async run([word = 'list', name, ...rest]: string[]): Promise<string | undefined> {
    if (word === 'list') return this.#list();
    if (!WORDS.includes(word)) throw new Error(this.#unknown(word));
    if (name === undefined) throw new Error(`!plugin ${word} needs the name of a plugin`);
    if (word === 'info') return pluginDetails(this.#find(name), this.#style);
    return this.#act(word as Action, name, rest);
  }

  #list(): string {
    const plugins = this.#manager.list();
    return plugins.length === 0 ? 'There are no plugins.' : pluginTable(plugins, this.#style);
  }

  #unknown(word: string): string {
    const near = nearest(word, WORDS);
    const hint = near === undefined ? '' : ` Did you mean !plugin ${near}?`;
    return `Unknown: !plugin ${word}.${hint} Usage: !plugin ${this.usage}`;
  }

  #find(name: string): PluginInfo {
    const found = this.#manager.get(name);
    if (found !== undefined) return found;
    const names = this.#manager.list().map((plugin) => plugin.name);
    const hint = didYouMean(nearest(name, names), `there are: ${names.join(', ') || 'none'}`);
    throw new Error(`There is no plugin '${name}'${hint}`);
  }

  /** Mostly the status line of what was done is the answer; where nothing happened, the state is. */
  async #act(action: Action, name: string, rest: string[]): Promise<string | undefined> {
    // A plugin may have been put there a moment ago, which only loading finds out.
    if (action !== 'load') this.#find(name);
    const before = this.#board.told(name);
    try {
      if (action === 'rollback') {
        // What else stands there, the manager refuses.
        await this.#manager.rollback(name, { state: rest[0] as 'snapshot' });
      } else await this.#manager[action](name);
    } catch (error) {
      if (this.#board.told(name) > before) return undefined;
      throw error;
    }
    if (this.#board.told(name) > before && action !== 'disable') return undefined;
    const plugin = this.#manager.get(name);
    return plugin === undefined ? undefined : `${plugin.name} is ${plugin.state}`;
  }
}
