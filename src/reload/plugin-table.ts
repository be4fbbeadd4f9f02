import { inspect } from 'node:util';
import { BulkheadError, invalidArgument } from '../errors.ts';
import type { Generation } from '../isolate/generation.ts';
import type { Slot } from '../isolate/slot.ts';
import type { Registration } from '../wire/messages.ts';

type Command = Extract<Registration, { kind: 'command' }>;

/** A command of which another plugin has the name or an alias too. */
export interface SharedCommand {
  /** The name or alias that both have. */
  name: string;
  registration: Command;
  owner: Slot;
  theirs: Command;
}

/** All plugins the manager knows, by id; found by name. */
export class PluginTable {
  readonly #slots = new Map<string, Slot>();

  [Symbol.iterator](): IterableIterator<Slot> {
    return this.#slots.values();
  }

  /** Files of the plugins, wherever they lie. */
  *inputs(): Generator<string> {
    for (const slot of this) yield* slot.acted?.paths ?? [];
  }

  byId(id: string): Slot | undefined {
    return this.#slots.get(id);
  }

  /**
   * By name, or by the id of one that never loaded.
   *
   * @throws {BulkheadError} `ERR_INVALID_ARGUMENT`
   */
  find(name: string): Slot | undefined {
    checkIsName(name);
    for (const slot of this.#slots.values()) if (slot.name === name) return slot;
    return undefined;
  }

  /** @throws {BulkheadError} `ERR_PLUGIN_NOT_FOUND`, `ERR_INVALID_ARGUMENT` */
  get(name: string): Slot {
    const slot = this.find(name);
    if (slot !== undefined) return slot;
    const renamed = this.#slots.get(name);
    const known = [...this.#slots.values()].map((each) => each.name).join(', ') || 'none';
    throw new BulkheadError(
      'ERR_PLUGIN_NOT_FOUND',
      renamed === undefined
        ? `There is no plugin '${name}' (there are: ${known})`
        : `There is no plugin '${name}'; the plugin in ${renamed.entry} is called '${renamed.name}'`,
      { plugin: name },
    );
  }

  add(slot: Slot): void {
    this.#slots.set(slot.id, slot);
  }

  remove(slot: Slot): void {
    this.#slots.delete(slot.id);
  }

  /** Another plugin that has that name or id, and does not wait for this one to give it up. */
  nameConflict(slot: Slot, name: string): Slot | undefined {
    for (const other of this.#others(slot)) {
      const letsGo = other.blockedBy?.name !== name && waitsFor(other, slot);
      if (other.id === name || (other.name === name && !letsGo)) return other;
    }
    return undefined;
  }

  /** Whoever has its name too, and waits for another, goes by the name that it left until then: no name is nobody's. */
  renamed(slot: Slot, before: string): void {
    for (const other of this.#others(slot)) if (other.name === slot.name) other.goBy(before);
  }

  /** Another plugin that already answers one of the generation's commands, and does not wait for this one to give it up. */
  commandConflict(slot: Slot, generation: Generation): SharedCommand | undefined {
    for (const shared of this.#sharedCommands(slot, generation)) if (keeps(shared, slot)) return shared;
    return undefined;
  }

  /**
   * No command is that of two plugins: what others have, and do not let go of, the generation that serves does not get;
   * what they let go of is theirs no more.
   */
  shareCommands(slot: Slot, generation: Generation): void {
    for (;;) {
      const conflict = this.commandConflict(slot, generation);
      if (conflict === undefined) break;
      generation.registrations.remove(conflict.registration);
      slot.log({ level: 'error', fields: {}, text: `${alreadyThatOf(conflict)} and is not registered` });
    }
    for (const { owner, theirs } of this.#sharedCommands(slot, generation))
      owner.current?.registrations.remove(theirs);
  }

  *#sharedCommands(slot: Slot, { registrations }: Generation): Generator<SharedCommand> {
    const mine = new Map<string, Pick<SharedCommand, 'name' | 'registration'>>();
    for (const registration of registrations.of('command'))
      for (const name of namesOf(registration)) mine.set(name.toLowerCase(), { name, registration });
    if (mine.size === 0) return;
    for (const owner of this.#others(slot)) {
      for (const theirs of owner.current?.registrations.of('command') ?? []) {
        for (const name of namesOf(theirs)) {
          const shared = mine.get(name.toLowerCase());
          if (shared !== undefined) yield { ...shared, owner, theirs };
        }
      }
    }
  }

  *#others(slot: Slot): Generator<Slot> {
    for (const other of this.#slots.values()) if (other !== slot) yield other;
  }
}

/** @throws {BulkheadError} `ERR_INVALID_ARGUMENT` for what cannot be a name, and may not even have a text to show. */
export function checkIsName(name: unknown): asserts name is string {
  if (typeof name === 'string') return;
  throw invalidArgument(`Expected the name of a plugin, got ${inspect(name, { depth: 0 })}`);
}

export function alreadyThatOf({ name, owner }: SharedCommand): string {
  return `The command '${name}' is already that of plugin '${owner.name}'`;
}

/** Whether the owner has it also when it no longer waits for that plugin. */
function keeps({ name, owner }: SharedCommand, slot: Slot): boolean {
  return !waitsFor(owner, slot) || owner.blockedBy?.commands?.has(name.toLowerCase()) !== false;
}

/** The names and aliases of its commands, in lower case. */
function commandsOf({ registrations }: Generation): Set<string> {
  const commands = [...registrations.of('command')];
  return new Set(commands.flatMap(namesOf).map((name) => name.toLowerCase()));
}

function namesOf({ name, aliases }: Command): string[] {
  return [name, ...aliases];
}

/** Whether the newest version of one plugin waits for the other, or for one that waits for it: plugins that swap what they have. */
export function waitsFor(slot: Slot, other: Slot): boolean {
  const seen = new Set<Slot>();
  for (let each = slot; !seen.has(each); ) {
    const { blockedBy } = each;
    if (blockedBy === undefined || blockedBy.isForGood) return false;
    if (blockedBy.slot === other) return true;
    seen.add(each);
    each = blockedBy.slot;
  }
  return false;
}

/** Notes that a version is refused because of what another plugin has. */
export function block(slot: Slot, refused: Generation, owner: Slot, isForGood = false): void {
  slot.blockedBy = {
    slot: owner,
    build: owner.current?.build,
    isForGood,
    waited: waitsFor(owner, slot),
    name: refused.metadata.name,
    commands: slot.lastGeneration === refused.number ? commandsOf(refused) : undefined,
  };
}

/** Whether what was in the way of the newest version has changed, or waits for this plugin by now. */
export function isFreeNow(slot: Slot): boolean {
  const { blockedBy } = slot;
  if (blockedBy === undefined) return false;
  const { slot: owner, build, waited } = blockedBy;
  return owner.current?.build !== build || (!waited && waitsFor(owner, slot));
}
