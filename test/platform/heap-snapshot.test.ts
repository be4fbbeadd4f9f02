import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { bench, pluginSource } from '../support/workspace.ts';

it('writes the heap of a running plugin to a file, and the plugin goes on', async () => {
  const setup = `class KeptByThePlugin { text = 'a' } const kept = new KeptByThePlugin(); return { text: () => kept.text };`;
  const { manager, workspace } = await bench({ 'a.ts': pluginSource('a', setup) }, { hotReload: false });
  await manager.loadAll();
  const file = workspace.path('a.heapsnapshot');
  expect(await manager.heapSnapshot('a', { file })).toBe(file);
  const { nodes, edges, strings } = JSON.parse(await readFile(file, 'utf8'));
  expect(strings).toContain('KeptByThePlugin');
  expect(nodes.length).toBeGreaterThan(0);
  expect(edges.length).toBeGreaterThan(0);
  expect(await manager.plugin<{ text(): string }>('a').text()).toBe('a');
});

it('says why there is none', async () => {
  const { manager, workspace } = await bench({ 'a.ts': pluginSource('a', '') }, { hotReload: false });
  await manager.loadAll();
  await expect(manager.heapSnapshot('b')).rejects.toMatchObject({ code: 'ERR_PLUGIN_NOT_FOUND' });
  await expect(
    manager.heapSnapshot('a', { file: workspace.path('no/such/folder/a.heapsnapshot') }),
  ).rejects.toMatchObject({ code: 'ENOENT' });
  await manager.unload('a');
  await expect(manager.heapSnapshot('a')).rejects.toMatchObject({ code: 'ERR_PLUGIN_UNAVAILABLE' });
});
