import type { PluginManager } from 'bulkhead';
import { pluginSource } from '../support/workspace.ts';

interface Valued {
  value(): unknown;
}

/** A plugin whose `value()` tells which version of its source serves. */
export function valued(name: string, value: unknown, before = ''): string {
  return pluginSource(name, `${before} return { value: () => ${JSON.stringify(value)} };`);
}

/** What `value()` of a plugin returns at the moment. */
export async function currentValue(manager: PluginManager, name: string): Promise<unknown> {
  return manager.plugin<Valued>(name).value();
}
