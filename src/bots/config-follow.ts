import { basename } from 'node:path';
import { codeOf } from '../errors.ts';
import type { PluginInfo, PluginManager } from '../index.ts';
import { noPlugin, unusedEntries } from '../unused-entries.ts';
import type { BotConfig } from './config-file.ts';
import { ConfigWatch } from './config-watch.ts';

/** What is told of the configuration file, as lines. */
export interface ConfigReports {
  info(line: string): void;
  warn(line: string): void;
}

/** Brings the plugins' own configuration in line with the file whenever it changes. */
export function followConfig(
  path: string,
  config: BotConfig,
  manager: PluginManager,
  reports: ConfigReports,
): ConfigWatch {
  const file = basename(path);
  const entries = new Entries(file, manager, reports);
  const watch = new ConfigWatch(path, config, {
    configure: (id, value) => entries.changed(id, value),
    needsRestart: (paths) =>
      reports.warn(`${file}: ${paths.join(', ')} changed; this takes effect when the bot is started again`),
    failed: (error) => reports.warn(`${file} cannot be used, everything stays as it was: ${error.message}`),
  });
  watch.start();
  return watch;
}

/** Gives plugins what the file says for them; what one does not take, because it is not there or refuses it, its next version gets. */
class Entries {
  readonly #file: string;
  readonly #manager: PluginManager;
  readonly #reports: ConfigReports;
  readonly #notTaken = new Map<string, unknown>();
  readonly #offered = new Set<string>();

  constructor(file: string, manager: PluginManager, reports: ConfigReports) {
    this.#file = file;
    this.#manager = manager;
    this.#reports = reports;
    manager.on('loaded', ({ name }) => this.#retry(name));
    manager.on('reloaded', ({ name }) => this.#retry(name));
    // One whose version on disk refuses the configuration before may take this one.
    manager.on('reload-failed', ({ name, stage }) => {
      if (stage === 'config') this.#retry(name);
    });
  }

  async changed(id: string, value: unknown): Promise<void> {
    this.#notTaken.set(id, value);
    // For a plugin that may still come by itself, the manager keeps it.
    if (this.#find(id) !== undefined || this.#manager.hotReload.isEnabled) await this.#offer(id);
    else this.#warnOfNobody(id, value);
  }

  #warnOfNobody(id: string, value: unknown): void {
    // That it is taken away again is the remedy.
    if (value !== undefined)
      this.#reports.warn(`${this.#file}: config.${id} changed, but ${noPlugin(id, idsOf(this.#manager))}`);
  }

  #retry(name: string): void {
    const plugin = this.#manager.get(name);
    if (plugin !== undefined && this.#notTaken.has(plugin.id) && !this.#offered.has(plugin.id))
      void this.#offer(plugin.id);
  }

  async #offer(id: string): Promise<void> {
    const before = this.#find(id);
    const value = this.#notTaken.get(id);
    const since = performance.now();
    this.#offered.add(id);
    try {
      await this.#manager.configure(before?.name ?? id, value);
    } catch (error) {
      // Else the manager has reported it as `reload-failed`, with the plugin's own words.
      if (codeOf(error) !== 'ERR_PLUGIN_NOT_FOUND') return;
      this.#warnOfNobody(id, value);
    } finally {
      this.#offered.delete(id);
    }
    if (this.#notTaken.get(id) === value) this.#notTaken.delete(id);
    const after = this.#find(id);
    // A reload is reported as such.
    if (after === undefined || after.generation !== before?.generation) return;
    const outcome =
      after.state === 'running'
        ? `taken over by '${after.name}' without a reload in ${(performance.now() - since).toFixed(1)} ms`
        : `kept until '${after.name}' runs; it is ${after.state}`;
    this.#reports.info(`${this.#file}: config.${id} changed, ${outcome}`);
  }

  #find(id: string): PluginInfo | undefined {
    return this.#manager.list().find((plugin) => plugin.id === id);
  }
}

/** Warnings of entries that belong to none of the plugins that were found. */
export function unusedInFile(path: string, config: BotConfig, manager: PluginManager): string[] {
  const ids = idsOf(manager);
  const unused = [
    ...unusedEntries('config', config.config, ids),
    ...unusedEntries('plugins.options', config.options, ids),
  ];
  return unused.map((text) => `${basename(path)}: ${text}`);
}

function idsOf(manager: PluginManager): string[] {
  return manager.list().map((plugin) => plugin.id);
}
