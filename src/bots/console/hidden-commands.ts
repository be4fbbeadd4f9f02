import type { Commands } from '../../index.ts';
import type { HostCommand } from './host-command.ts';

/** Tells of the commands of plugins that have the name of one of the bot's own, which is the one that answers. */
export class HiddenCommands {
  readonly #commands: Commands;
  readonly #own: ReadonlySet<string>;
  #told = new Set<string>();

  constructor(commands: Commands, own: readonly HostCommand[]) {
    this.#commands = commands;
    this.#own = new Set(own.map(({ name }) => name));
  }

  /** What there is to say, each once until it is put right. */
  news(): string[] {
    const { prefix } = this.#commands;
    const all = this.#commands
      .list()
      .flatMap(({ name, aliases, plugin }) =>
        [name, ...aliases]
          .filter((each) => this.#own.has(each.toLowerCase()))
          .map(
            (each) =>
              `The command '${each}' of plugin '${plugin}' cannot be reached: ${prefix}${each.toLowerCase()} is the bot's own; choose another name`,
          ),
      );
    const news = all.filter((text) => !this.#told.has(text));
    this.#told = new Set(all);
    return news;
  }
}
