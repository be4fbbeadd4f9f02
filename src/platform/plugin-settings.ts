import {
  type PluginOptions,
  type ResolvedOptions,
  type ResolvedPluginOptions,
  resolvePluginOptions,
} from '../options.ts';
import { unusedEntries } from '../unused-entries.ts';
import { snapshot } from '../wire/snapshot.ts';

type Given = Pick<ResolvedOptions, 'config' | 'plugins' | 'defaults'>;

/** What the host has settled for plugins, by their ids: nothing that a plugin says of itself earns it anything. */
export class PluginSettings {
  readonly #given: Given;
  readonly #configs: Map<string, unknown>;
  readonly #options: Map<string, PluginOptions>;

  /** Throws if a configuration cannot be sent to a plugin. */
  constructor(given: Given) {
    this.#given = given;
    this.#configs = new Map(Object.entries(snapshot(given.config, 'config', 'keep')));
    this.#options = new Map(Object.entries(given.plugins));
  }

  optionsOf(id: string): ResolvedPluginOptions {
    return resolvePluginOptions(this.#options.get(id), this.#given.defaults);
  }

  configOf(id: string): unknown {
    return this.#configs.get(id);
  }

  /** From now on this is its configuration, also if it comes, or comes back, only later. */
  setConfig(id: string, config: unknown): void {
    this.#configs.set(id, config);
  }

  /** Warnings of what was given for plugins that there are not. */
  unused(ids: readonly string[]): string[] {
    const { config, plugins } = this.#given;
    return [...unusedEntries('config', config, ids), ...unusedEntries('plugins', plugins, ids)];
  }
}
