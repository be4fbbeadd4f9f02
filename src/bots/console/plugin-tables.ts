import { relative } from 'node:path';
import type { PluginInfo } from '../../index.ts';
import type { Style } from './style.ts';
import { table } from './table.ts';
import { duration, firstLine, indent, printable } from './text.ts';

const STATE_COLOURS: Partial<Record<PluginInfo['state'], Parameters<Style>[0]>> = {
  running: 'green',
  failed: 'red',
  backoff: 'red',
  quarantined: 'red',
};

/** What the bot shows when it starts. */
export function startTable(
  plugins: PluginInfo[],
  loadTimes: ReadonlyMap<string, number>,
  style: Style,
): string {
  const rows = plugins.map((plugin) => {
    const loadMs = loadTimes.get(plugin.name);
    return [...identity(plugin, style), loadMs === undefined ? '-' : duration(loadMs)];
  });
  return table(['plugin', 'version', 'generation', 'state', 'loaded in'], rows, style);
}

/** `!plugin list`. */
export function pluginTable(plugins: PluginInfo[], style: Style): string {
  const rows = plugins.map((plugin) => [
    ...identity(plugin, style),
    String(plugin.reloads),
    String(plugin.crashes),
  ]);
  return table(['plugin', 'version', 'generation', 'state', 'reloads', 'crashes'], rows, style);
}

/** `!plugin info NAME`. */
export function pluginDetails(plugin: PluginInfo, style: Style): string {
  const since = plugin.startedAt === undefined ? '' : `, since ${plugin.startedAt.toISOString()}`;
  const rows = [
    ['name', plugin.displayName === plugin.name ? plugin.name : `${plugin.name} (${plugin.displayName})`],
    ['description', plugin.description],
    ['version', plugin.version],
    ['author', plugin.author],
    ['state', `${styledState(plugin, style)}${since}`],
    ['generation', `${plugin.generation}, in a ${plugin.tier}`],
    ['reloads', String(plugin.reloads)],
    ['crashes', String(plugin.crashes)],
    ['file', relative('', plugin.file)],
    ['last error', lastError(plugin)],
  ];
  return rows
    .filter(([, value]) => value !== '')
    .map(([title = '', value = '']) => `${style('bold', title.padEnd(12))}${printable(value)}`)
    .join('\n');
}

/** With its time, which tells it from what happened since. */
function lastError({ lastError, lastErrorAt }: PluginInfo): string {
  return lastError === undefined ? '' : `${lastErrorAt?.toISOString()}, ${firstLine(lastError.message)}`;
}

/** What did not load, each with the whole text of its error. */
export function failureList(failed: readonly { name: string; error: Error }[], style: Style): string {
  return failed
    .map(({ name, error }) => `${style('red', '✗')} ${name} not loaded\n${indent(printable(error.message))}`)
    .join('\n');
}

function identity(plugin: PluginInfo, style: Style): string[] {
  return [plugin.name, plugin.version || '-', String(plugin.generation), styledState(plugin, style)];
}

function styledState({ state }: PluginInfo, style: Style): string {
  const colour = STATE_COLOURS[state];
  return colour === undefined ? state : style(colour, state);
}
