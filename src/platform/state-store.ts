import { getOrMake } from '../get-or-make.ts';
import type { StateStore, StoredState } from '../options.ts';

/** Keeps states for as long as the store object lives: give one store to two managers, and the second finds the states of the first. */
export function memoryStateStore(): StateStore {
  const states = new Map<string, { version: number; entries: Map<string, unknown> }>();
  const disabled = new Set<string>();
  return {
    async load(plugin) {
      const found = states.get(plugin);
      return found === undefined ? undefined : { version: found.version, entries: [...found.entries] };
    },
    write(plugin, key, value) {
      const { entries } = getOrMake(states, plugin, () => ({ version: 1, entries: new Map() }));
      if (value === undefined) entries.delete(key);
      else entries.set(key, value);
    },
    replace(plugin: string, { version, entries }: StoredState) {
      states.set(plugin, { version, entries: new Map(entries) });
    },
    clear: (plugin) => void states.delete(plugin),
    loadDisabled: async () => [...disabled],
    setDisabled: (plugin, isDisabled) => void (isDisabled ? disabled.add(plugin) : disabled.delete(plugin)),
    flush: async () => {},
  };
}
