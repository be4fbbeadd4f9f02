import { expect, it } from 'vitest';
import type { PluginManagerOptions, RestartOptions } from '../../src/index.ts';
import { valued } from '../reload/values.ts';
import { bench, pluginSource, until } from '../support/workspace.ts';

interface Mortal {
  version(): number;
  die(): void;
}

const mortal = (version: number) =>
  pluginSource('mortal', `return { version: () => ${version}, die: () => process.exit(1) };`);

/** A plugin that is quarantined, by its second crash. */
async function quarantined(restart: Partial<RestartOptions>, options: Partial<PluginManagerOptions> = {}) {
  const tools = await bench(
    { 'mortal.ts': mortal(1), 'other.ts': valued('other', 1) },
    { ...options, defaults: { restart: { initialDelayMs: 1, maxCrashes: 2, ...restart } } },
  );
  const plugin = tools.manager.plugin<Mortal>('mortal');
  const die = () => expect(plugin.die()).rejects.toMatchObject({ code: 'ERR_PLUGIN_CRASHED' });
  await tools.manager.loadAll();
  const restarted = tools.next('loaded', ({ generation }) => generation === 2);
  await die();
  await restarted;
  const next = tools.next('quarantined');
  await die();
  expect(await next).toMatchObject({ name: 'mortal', crashes: 2 });
  return { ...tools, plugin, die };
}

it('leaves a plugin in quarantine that is never to be tried again, and says why to who calls it', async () => {
  const { manager, seen, plugin } = await quarantined({ retryMs: 0 }, { hotReload: false });
  await expect(plugin.version()).rejects.toMatchObject({
    code: 'ERR_PLUGIN_UNAVAILABLE',
    message: expect.stringContaining("it is 'quarantined': "),
    cause: { code: 'ERR_PLUGIN_CRASHED' },
  });
  expect(seen('quarantined')).toEqual([{ name: 'mortal', crashes: 2, zombies: 0, retryMs: 0 }]);
  expect(manager.get('mortal')?.state).toBe('quarantined');
});

it.each(['a save', 'enable'])('ends a quarantine by %s, with a clean record', async (how) => {
  const { manager, workspace, next, seen, plugin, die } = await quarantined(
    { retryMs: 0 },
    how === 'enable' ? { hotReload: false } : {},
  );
  const loaded = next('loaded', ({ name }) => name === 'mortal');
  await workspace.write({ 'plugins/mortal.ts': mortal(2) });
  if (how === 'enable') await manager.enable('mortal');
  expect(await loaded).toMatchObject({ generation: 3 });
  expect(await plugin.version()).toBe(2);
  const again = next('loaded', ({ generation }) => generation === 4);
  await die();
  await again;
  expect(seen('restarting').at(-1)).toMatchObject({ crashes: 1 });
  expect(seen('quarantined')).toHaveLength(1);
});

it('does not end a quarantine by a save that changes nothing, or one of another plugin', async () => {
  const { manager, workspace, next } = await quarantined({ retryMs: 0 });
  const reloaded = next('reloaded', ({ name }) => name === 'other');
  await workspace.write({ 'plugins/mortal.ts': mortal(1), 'plugins/other.ts': valued('other', 2) });
  await reloaded;
  expect(manager.get('mortal')).toMatchObject({ state: 'quarantined', generation: 2 });
});

it('tries a quarantined plugin again after retryMs, with the record it has', async () => {
  const { manager, next, seen, plugin, die } = await quarantined({ retryMs: 50 }, { hotReload: false });
  await until(() => manager.get('mortal')?.state === 'running', 'the next try');
  expect(manager.get('mortal')?.generation).toBe(3);
  expect(await plugin.version()).toBe(1);
  const again = next('quarantined');
  await die();
  expect(await again).toMatchObject({ crashes: 3, retryMs: 50 });
  expect(seen('restarting')).toHaveLength(1);
});
