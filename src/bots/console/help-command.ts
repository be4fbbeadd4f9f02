import type { CommandInfo, Commands } from '../../index.ts';
import { nearest } from '../../nearest.ts';
import type { HostCommand } from './host-command.ts';
import type { Screen } from './screen.ts';
import { table, width } from './table.ts';
import { indent, printable } from './text.ts';

type Entry = Omit<CommandInfo, 'plugin'> & { plugin: string | undefined };

/** `!help`: all commands, those of the bot and those of the plugins. */
export class HelpCommand implements HostCommand {
  readonly name = 'help';
  readonly usage = '[command]';
  readonly description = 'Lists the commands, or explains one';
  readonly #commands: Commands;
  readonly #own: () => readonly HostCommand[];
  readonly #screen: Pick<Screen, 'style' | 'columns'>;

  constructor(
    commands: Commands,
    own: () => readonly HostCommand[],
    screen: Pick<Screen, 'style' | 'columns'>,
  ) {
    this.#commands = commands;
    this.#own = own;
    this.#screen = screen;
  }

  async run([wanted]: string[]): Promise<string> {
    return wanted === undefined ? this.#all() : this.#one(wanted);
  }

  /** For a command that does not exist: the one that was probably meant. */
  unknown(name: string): string {
    const { prefix } = this.#commands;
    const near = nearest(
      name,
      this.#entries().flatMap((entry) => [entry.name, ...entry.aliases]),
    );
    const hint = near === undefined ? '' : `Did you mean ${prefix}${near}? `;
    return `Unknown command ${prefix}${printable(name)}. ${hint}${prefix}help lists all.`;
  }

  #all(): string {
    const { style, columns } = this.#screen;
    const rows = this.#entries().map((entry): [string, string, string] => [
      this.#synopsis(entry),
      printable(entry.description),
      entry.plugin ?? '',
    ]);
    const listed = table(['command', 'what it does', 'plugin'], rows, style);
    if (listed.split('\n').every((line) => width(line) <= columns)) return listed;
    return rows.map(([synopsis, ...rest]) => `${style('bold', synopsis)}${below(rest)}`).join('\n');
  }

  #one(wanted: string): string {
    const { prefix } = this.#commands;
    const name = (wanted.startsWith(prefix) ? wanted.slice(prefix.length) : wanted).toLowerCase();
    const entry = this.#entries().find((each) =>
      [each.name, ...each.aliases].some((known) => known.toLowerCase() === name),
    );
    if (entry === undefined) throw new Error(this.unknown(name));
    const lines = [this.#screen.style('bold', this.#synopsis(entry)), printable(entry.description)];
    if (entry.aliases.length > 0)
      lines.push(`Also: ${entry.aliases.map((alias) => prefix + alias).join(', ')}`);
    if (entry.plugin !== undefined) lines.push(`Plugin: ${entry.plugin}`);
    return lines.filter((line) => line !== '').join('\n');
  }

  #synopsis({ name, usage }: Entry): string {
    return printable(`${this.#commands.prefix}${name} ${usage}`.trim());
  }

  #entries(): Entry[] {
    const own = this.#own().map(({ name, usage, description }) => ({
      name,
      usage,
      description,
      aliases: [],
      plugin: undefined,
    }));
    const names = new Set(own.map((command) => command.name));
    return [...own, ...this.#commands.list().filter((command) => !names.has(command.name))];
  }
}

/** On a screen that is too narrow for the table, what a command does stands under it. */
function below([description, plugin]: string[]): string {
  const text = [description, plugin && `(${plugin})`].filter(Boolean).join(' ');
  return text === '' ? '' : `\n${indent(text)}`;
}
