import { basename } from 'node:path';
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
  const watch = new ConfigWatch(path, config, {
    configure: (id, value) => configure(manager, file, id, value, reports),
    needsRestart: (paths) =>
      reports.warn(`${file}: ${paths.join(', ')} changed; this takes effect when the bot is started again`),
    failed: (error) => reports.warn(`${file} cannot be used, everything stays as it was: ${error.message}`),
  });
  watch.start();
  return watch;
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

async function configure(
  manager: PluginManager,
  file: string,
  id: string,
  value: unknown,
  reports: ConfigReports,
): Promise<void> {
  const find = (): PluginInfo | undefined => manager.list().find((plugin) => plugin.id === id);
  const before = find();
  if (before === undefined) {
    // That it is taken away again is the remedy.
    if (value !== undefined)
      reports.warn(`${file}: config.${id} changed, but ${noPlugin(id, idsOf(manager))}`);
    return;
  }
  const since = performance.now();
  try {
    await manager.configure(before.name, value);
  } catch {
    // The manager has reported it as `reload-failed`, with the plugin's own words.
    return;
  }
  const after = find();
  // A reload is reported as such.
  if (after?.generation !== before.generation) return;
  const outcome =
    after.state === 'running'
      ? `taken over by '${after.name}' without a reload in ${(performance.now() - since).toFixed(1)} ms`
      : `kept until '${after.name}' runs; it is ${after.state}`;
  reports.info(`${file}: config.${id} changed, ${outcome}`);
}

function idsOf(manager: PluginManager): string[] {
  return manager.list().map((plugin) => plugin.id);
}
