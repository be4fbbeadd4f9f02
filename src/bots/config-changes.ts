import { isDeepStrictEqual } from 'node:util';
import type { ConfigDocument } from './config-file.ts';

/** What differs between two versions of a configuration file. */
export interface ConfigChanges {
  /** Ids of the plugins whose own configuration changed, appeared or went. */
  configured: string[];
  /** Paths of everything else that changed: it is read at the start only. */
  atNextStart: string[];
}

export function compareConfigs(before: ConfigDocument, after: ConfigDocument): ConfigChanges {
  const { options: oldOptions, ...oldPlugins } = before.plugins ?? {};
  const { options: newOptions, ...newPlugins } = after.plugins ?? {};
  return {
    configured: differences(before.config, after.config),
    atNextStart: [
      ...differences({ bot: before.bot }, { bot: after.bot }),
      ...differences(oldPlugins, newPlugins).map((key) => `plugins.${key}`),
      ...differences(oldOptions, newOptions).map((id) => `plugins.options.${id}`),
    ],
  };
}

function differences(before: Record<string, unknown> = {}, after: Record<string, unknown> = {}): string[] {
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys].filter((key) => !isDeepStrictEqual(before[key], after[key])).sort();
}
