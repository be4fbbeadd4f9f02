import { expect } from 'vitest';
import { type Bench, bench, type Files, pluginSource } from '../support/workspace.ts';

/** A plugin `it` that tells the value of an expression; what the expression needs comes before it in the file. */
export function telling(expression: string, before = ''): string {
  return `${before}\n${pluginSource('it', `return { tell: () => (${expression}) };`)}`;
}

/** A bench on which the plugin `it` runs, and what it tells. */
export async function loaded(files: Files): Promise<Bench & { tell: () => Promise<unknown> }> {
  const plugin = await bench(files, { hotReload: false });
  const { failed } = await plugin.manager.loadAll();
  expect(failed.map(({ error }) => error.message)).toEqual([]);
  return { ...plugin, tell: async () => plugin.manager.plugin<{ tell(): unknown }>('it').tell() };
}

/** What a plugin of these files tells. */
export async function told(files: Files): Promise<unknown> {
  return (await loaded(files)).tell();
}
