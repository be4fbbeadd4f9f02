import { BulkheadError } from '../errors.ts';
import type { Generation } from '../isolate/generation.ts';
import type { Slot } from '../isolate/slot.ts';

/** All plugins the manager knows, by id; found by name. */
export class PluginTable {
  readonly #slots = new Map<string, Slot>();

  [Symbol.iterator](): IterableIterator<Slot> {
    return this.#slots.values();
  }

  byId(id: string): Slot | undefined {
    return this.#slots.get(id);
  }

  /** By name, or by the id of one that never loaded. */
  find(name: string): Slot | undefined {
    for (const slot of this.#slots.values()) if (slot.name === name) return slot;
    return undefined;
  }

  /** @throws {BulkheadError} `ERR_PLUGIN_NOT_FOUND` */
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

  /** Another plugin that has that name or id, and does not wait for this one's to change its own. */
  nameConflict(slot: Slot, name: string): Slot | undefined {
    for (const other of this.#slots.values()) {
      if (other === slot) continue;
      if (other.id === name || (other.name === name && !waitsFor(other, slot))) return other;
    }
    return undefined;
  }

  /** Whoever has its name too, and waits for another, goes by the name that it left until then: no name is nobody's. */
  renamed(slot: Slot, before: string): void {
    for (const other of this.#slots.values()) {
      if (other !== slot && other.name === slot.name) other.goBy(before);
    }
  }

  /** Another plugin that already answers one of the generation's commands. */
  commandConflict(slot: Slot, generation: Generation): { command: string; owner: Slot } | undefined {
    const taken = new Map<string, Slot>();
    for (const other of this.#slots.values()) {
      if (other === slot) continue;
      for (const command of commandsOf(other.current)) taken.set(command.toLowerCase(), other);
    }
    for (const command of commandsOf(generation)) {
      const owner = taken.get(command.toLowerCase());
      if (owner !== undefined) return { command, owner };
    }
    return undefined;
  }
}

/** The names and aliases of its commands. */
function* commandsOf(generation: Generation | undefined): Generator<string> {
  for (const { name, aliases } of generation?.registrations.of('command') ?? []) yield* [name, ...aliases];
}

/** Whether the newest version of one plugin wants the name of the other, or of one that wants that: plugins that swap names. */
function waitsFor(slot: Slot, other: Slot): boolean {
  const { blockedBy } = slot;
  return blockedBy?.wantsName === true && (blockedBy.slot === other || waitsFor(blockedBy.slot, other));
}
