import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { gate } from '../support/gate.ts';
import { bench, DEBOUNCE_MS, loadedBench, until } from '../support/workspace.ts';
import { currentValue, valued } from './values.ts';

it('loads a file that appears, and unloads it when it is deleted', async () => {
  const { manager, workspace, next } = await bench({ 'README.md': 'Put plugins here.' });
  expect(await manager.loadAll()).toEqual({ loaded: [], failed: [], waiting: [] });
  const loaded = next('loaded');
  await workspace.write({ 'plugins/dice.ts': valued('dice', 1) });
  expect(await loaded).toMatchObject({ name: 'dice', generation: 1 });
  expect(await currentValue(manager, 'dice')).toBe(1);
  const unloaded = next('unloaded');
  await rm(workspace.path('plugins/dice.ts'));
  const deletedAt = performance.now();
  expect(await unloaded).toEqual({ name: 'dice', generation: 1 });
  // Absent at two looks, one quiet time apart.
  expect(performance.now() - deletedAt).toBeGreaterThan(2 * DEBOUNCE_MS);
  await until(() => manager.get('dice') === undefined, 'the end of the slot');
  await expect(currentValue(manager, 'dice')).rejects.toMatchObject({ code: 'ERR_PLUGIN_NOT_FOUND' });
});

it('keeps a plugin whose file is deleted and made again within the quiet time', async () => {
  const { workspace, next, seen } = await loadedBench({ 'dice.ts': valued('dice', 1) });
  const reloaded = next('reloaded');
  await rm(workspace.path('plugins/dice.ts'));
  await workspace.write({ 'plugins/dice.ts': valued('dice', 2) });
  expect(await reloaded).toMatchObject({ generation: 2 });
  expect(seen('unloaded')).toEqual([]);
});

it('keeps the state of a plugin that is deleted and comes back', async () => {
  const counting = valued('count', 0, `ctx.state.update('n', (n = 0) => n + 1);`).replace(
    '() => 0',
    "() => ctx.state.get('n')",
  );
  const { manager, workspace, next } = await loadedBench({ 'count.ts': counting });
  const unloaded = next('unloaded');
  await rm(workspace.path('plugins/count.ts'));
  await unloaded;
  const loaded = next('loaded');
  await workspace.write({ 'plugins/count.ts': counting });
  await loaded;
  expect(await currentValue(manager, 'count')).toBe(2);
});

it('loads a plugin that comes back while it is still being torn down', async () => {
  const { open, opened } = gate();
  const slow = (value: number) => valued('slow', value, 'ctx.onTeardown(() => ctx.bot.gate());');
  const { manager, workspace, next } = await loadedBench(
    { 'slow.ts': slow(1) },
    { bot: { gate: () => opened } },
  );
  await rm(workspace.path('plugins/slow.ts'));
  await until(() => manager.get('slow')?.state === 'stopping', 'the teardown');
  // Another plugin shows that the file was seen to be back.
  const looked = next('loaded');
  await workspace.write({ 'plugins/slow.ts': slow(2), 'plugins/other.ts': valued('other', 0) });
  await looked;
  const loaded = next('loaded', ({ name }) => name === 'slow');
  open();
  await loaded;
  expect(await currentValue(manager, 'slow')).toBe(2);
});

it('goes on as one plugin when its file becomes a folder, and a file again', async () => {
  const { manager, workspace, next, seen } = await loadedBench({ 'dice.ts': valued('dice', 'file') });
  const asFolder = next('reloaded');
  await rm(workspace.path('plugins/dice.ts'));
  await workspace.write({ 'plugins/dice/index.ts': valued('dice', 'folder') });
  expect(await asFolder).toMatchObject({ name: 'dice', generation: 2 });
  expect(await currentValue(manager, 'dice')).toBe('folder');
  expect(manager.get('dice')?.file).toBe(workspace.path('plugins/dice/index.ts'));
  const asFile = next('reloaded');
  await rm(workspace.path('plugins/dice'), { recursive: true });
  await workspace.write({ 'plugins/dice.mjs': valued('dice', 'file again') });
  expect(await asFile).toMatchObject({ name: 'dice', generation: 3 });
  expect(await currentValue(manager, 'dice')).toBe('file again');
  expect(seen('unloaded')).toEqual([]);
});

it('lets the old one serve, with a warning, while a folder has no entry', async () => {
  const { manager, workspace, next, seen } = await loadedBench({ 'dice/index.ts': valued('dice', 1) });
  const warned = next('watch', ({ text }) => text.includes(workspace.path('plugins/dice')));
  await rename(workspace.path('plugins/dice/index.ts'), workspace.path('plugins/dice/elsewhere.ts'));
  expect((await warned).text).toMatch(/has no index\.ts.*goes on/s);
  expect(await currentValue(manager, 'dice')).toBe(1);
  const reloaded = next('reloaded');
  await workspace.write({ 'plugins/dice/index.js': valued('dice', 2) });
  await reloaded;
  expect(await currentValue(manager, 'dice')).toBe(2);
  const warnedAgain = next('watch', ({ text }) => text.includes('has no index.ts'));
  await rm(workspace.path('plugins/dice/index.js'));
  await warnedAgain;
  expect(seen('unloaded')).toEqual([]);
});

it('loads a folder when its entry appears, and says until then what it lacks', async () => {
  const { manager, workspace, next } = await bench({ 'dice/helper.ts': 'export const one = 1;' });
  const { failed } = await manager.loadAll();
  expect(failed).toMatchObject([{ name: 'dice', error: { code: 'ERR_PLUGIN_ENTRY' } }]);
  expect(failed[0]?.error.message).toContain(
    `The folder '${workspace.path('plugins/dice')}' has no index.ts`,
  );
  const loaded = next('loaded');
  await workspace.write({ 'plugins/dice/index.ts': valued('dice', 1) });
  await loaded;
});

it('follows a package.json that names another entry', async () => {
  const { manager, workspace } = await loadedBench({
    'dice/package.json': '{ "main": "./a" }',
    'dice/a.ts': valued('dice', 'a'),
    'dice/b.ts': valued('dice', 'b'),
  });
  expect(await currentValue(manager, 'dice')).toBe('a');
  await workspace.write({ 'plugins/dice/package.json': '{ "exports": { ".": { "import": "./b.ts" } } }' });
  await until(async () => (await currentValue(manager, 'dice')) === 'b', 'the other entry');
});

it('never takes for a plugin what editors and tests leave in the directory', async () => {
  const { manager, workspace, next, seen } = await loadedBench({ 'dice.ts': valued('dice', 1) });
  const broken = 'not a plugin';
  const names = [
    '.dice.ts.swp',
    '.dice.ts.swx',
    'dice.ts~',
    '4913',
    '.#dice.ts',
    '#dice.ts#',
    'dice.ts.tmp',
    'dice.ts.bak',
    'dice.ts___jb_tmp___',
    'dice.test.ts',
    'dice.spec.mjs',
    'dice.d.ts',
    'dice.d.mts',
    '_shared.ts',
    '.hidden.ts',
    'README.md',
    'data.json',
    '_lib/index.ts',
    '.git/index.js',
    'node_modules/index.js',
  ];
  await workspace.write(Object.fromEntries(names.map((name) => [`plugins/${name}`, broken])));
  await mkdir(workspace.path('plugins/_empty'));
  const reloaded = next('reloaded');
  await writeFile(workspace.path('plugins/dice.ts'), valued('dice', 2));
  await reloaded;
  expect(manager.list().map(({ id }) => id)).toEqual(['dice']);
  expect(seen('reload-failed')).toEqual([]);
  expect(seen('watch').filter(({ text }) => text.includes('/'))).toEqual([]);
});
it('knows what cannot be a plugin as it is, as failed, until it is put right', async () => {
  const { manager, workspace, next, seen } = await bench({
    'a.ts': valued('a', 1),
    'empty/notes.txt': 'nothing to run',
  });
  const { failed } = await manager.loadAll();
  expect(failed).toMatchObject([{ name: 'empty', error: { code: 'ERR_PLUGIN_ENTRY' } }]);
  expect(manager.get('empty')).toMatchObject({
    id: 'empty',
    state: 'failed',
    lastError: { code: 'ERR_PLUGIN_ENTRY' },
  });
  expect(manager.list().map(({ name }) => name)).toEqual(['a', 'empty']);
  await expect(manager.reload('empty')).rejects.toThrow('has no index.ts');
  await expect(manager.load('empty')).rejects.toThrow('has no index.ts');
  const reported = seen('reload-failed').length;
  const loaded = next('loaded');
  await workspace.write({ 'plugins/empty/index.ts': valued('empty', 2) });
  expect(await loaded).toMatchObject({ name: 'empty', generation: 1 });
  expect(await currentValue(manager, 'empty')).toBe(2);
  expect(seen('reload-failed')).toHaveLength(reported);
});

it('loads what was put right although nobody watches', async () => {
  const { manager, workspace } = await loadedBench({ 'b/notes.txt': '' }, { hotReload: false });
  await expect(manager.load('b')).rejects.toMatchObject({ code: 'ERR_PLUGIN_ENTRY' });
  await workspace.write({ 'plugins/b/index.ts': valued('b', 1) });
  await manager.reload('b');
  expect(await currentValue(manager, 'b')).toBe(1);
});

it.each([
  ['moved into a folder', 'p.ts', 'p/index.ts'],
  ['moved out of its folder', 'p/index.ts', 'p.ts'],
  ['given another extension', 'p.js', 'p.mjs'],
])('finds a plugin that was %s although nobody watches', async (_, before, after) => {
  const { manager, workspace } = await loadedBench({ [before]: valued('p', 1) }, { hotReload: false });
  await rm(workspace.path('plugins', before));
  await rm(workspace.path('plugins/p'), { recursive: true, force: true });
  await workspace.write({ [`plugins/${after}`]: valued('p', 2) });
  await manager.reload('p');
  expect(await currentValue(manager, 'p')).toBe(2);
  expect(manager.get('p')?.file).toBe(workspace.path('plugins', after));
});

it('takes the entry that the package.json of a plugin names by now although nobody watches', async () => {
  const names = (main: string) => JSON.stringify({ main });
  const { manager, workspace } = await loadedBench(
    { 'p/package.json': names('old.ts'), 'p/old.ts': valued('p', 1), 'p/new.ts': valued('p', 2) },
    { hotReload: false },
  );
  await workspace.write({ 'plugins/p/package.json': names('new.ts') });
  await manager.reload('p');
  expect(await currentValue(manager, 'p')).toBe(2);
});

it('forgets what cannot be a plugin when it is gone', async () => {
  const { manager, workspace } = await loadedBench({ 'a.ts': valued('a', 1), 'b/notes.txt': '' });
  expect(manager.get('b')?.state).toBe('failed');
  await rm(workspace.path('plugins/b'), { recursive: true });
  await until(() => manager.get('b') === undefined, 'the end of it');
});
