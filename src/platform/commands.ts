import { inspect } from 'node:util';
import { asError, invalidArgument } from '../errors.ts';
import type { Slot } from '../isolate/slot.ts';

/** A command, as its plugin registered it. */
export interface CommandInfo {
  /** Without the prefix. */
  name: string;
  /** Its arguments, for people; empty if the plugin gives none. */
  usage: string;
  /** What it does; empty if the plugin gives none. */
  description: string;
  /** Other names for it. */
  aliases: string[];
  /** Name of the plugin that answers it. */
  plugin: string;
}

/** Where a command line came from; passed on to the plugin. */
export interface CommandSource {
  /** Who wrote it. */
  user: string;
  /** Where it was written. */
  channel: string;
}

/** What became of a line. `command` is the command's name, also if an alias was typed; `plugin` is the name of its plugin. */
export type CommandOutcome =
  /** It does not begin with the prefix, or has nothing behind it. */
  | { kind: 'not-a-command' }
  /** No plugin has such a command; `command` is as it was typed. */
  | { kind: 'unknown'; command: string }
  /** `reply` is what the handler returned, as text; `undefined` if it returned nothing. */
  | { kind: 'answered'; command: string; plugin: string; reply: string | undefined }
  /** The handler threw, or could not be called: `error` says why, as with a call of `manager.plugin()`. */
  | { kind: 'failed'; command: string; plugin: string; error: Error };

/** The commands of all plugins. There is no index to keep: what serves is asked each time. */
export class Commands {
  readonly #slots: () => Iterable<Slot>;
  /** What a line begins with that is a command. It cannot be changed. */
  readonly prefix = '!';

  constructor(slots: () => Iterable<Slot>) {
    this.#slots = slots;
  }

  /** All commands, by name. */
  list(): CommandInfo[] {
    const all: CommandInfo[] = [];
    for (const { slot, command } of this.#all()) {
      const { name, usage, description, aliases } = command;
      all.push({ name, usage, description, aliases, plugin: slot.name });
    }
    return all.sort((a, b) => a.name.localeCompare(b.name));
  }

  /** The plugin that answers a command, by its name or an alias, apart from letter case. */
  ownerOf(name: string): string | undefined {
    if (typeof name !== 'string') return undefined;
    return this.#find(name)?.slot.name;
  }

  /** Splits `!roll 3d6` into its parts; `undefined` if it is no command. */
  parse(line: string): { name: string; args: string[] } | undefined {
    if (typeof line !== 'string' || !line.startsWith(this.prefix)) return undefined;
    const [name, ...args] = line.slice(this.prefix.length).trim().split(/\s+/);
    return name === undefined || name === '' ? undefined : { name, args };
  }

  /** Gives a line to the plugin whose command it is. Never rejects. */
  async dispatch(line: string, source: CommandSource): Promise<CommandOutcome> {
    const parsed = this.parse(line);
    if (parsed === undefined) return { kind: 'not-a-command' };
    const found = this.#find(parsed.name);
    if (found === undefined) return { kind: 'unknown', command: parsed.name };
    const { slot, command } = found;
    const about = { command: command.name, plugin: slot.name };
    try {
      const message = { ...checkSource(source), text: line };
      const reply = await slot.call({ kind: 'command', name: parsed.name }, [parsed.args, message]);
      return {
        kind: 'answered',
        ...about,
        reply: asReply(reply),
      };
    } catch (error) {
      return { kind: 'failed', ...about, error: asError(error) };
    }
  }

  #find(name: string) {
    const wanted = name.toLowerCase();
    for (const found of this.#all()) {
      if ([found.command.name, ...found.command.aliases].some((each) => each.toLowerCase() === wanted))
        return found;
    }
    return undefined;
  }

  *#all() {
    for (const slot of this.#slots()) {
      for (const command of slot.current?.registrations.of('command') ?? []) yield { slot, command };
    }
  }
}

/** Plugins are promised two texts. */
function checkSource(source: CommandSource): CommandSource {
  const { user, channel } = Object(source) as CommandSource;
  if (typeof user === 'string' && typeof channel === 'string') return { user, channel };
  throw invalidArgument(
    `dispatch(line, source): expected two texts, { user, channel }, as source, got ${inspect(source)}`,
  );
}

function asReply(result: unknown): string | undefined {
  if (result === undefined || result === null) return undefined;
  return typeof result === 'object' ? inspect(result) : String(result);
}
