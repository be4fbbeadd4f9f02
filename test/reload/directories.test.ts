import { chmod, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { bench, benchIn, loadedBench, Workspace } from '../support/workspace.ts';
import { currentValue, valued } from './values.ts';

it('keeps the plugins while their directory is deleted and made again, and notices edits afterwards', async () => {
  const { manager, workspace, next, seen, log } = await loadedBench({
    'dice.ts': valued('dice', 1),
    'seen/index.ts': valued('seen', 1),
  });
  const warned = next('watch', ({ text }) => text.includes(workspace.path('plugins')));
  await rm(workspace.path('plugins'), { recursive: true });
  const { text, level } = await warned;
  expect(text).toContain('goes on');
  expect(level).toBe('warn');
  expect(log).toContainEqual(expect.objectContaining({ level: 'warn', text }));
  expect(await currentValue(manager, 'dice')).toBe(1);
  const both = Promise.all(['dice', 'seen'].map((each) => next('reloaded', ({ name }) => name === each)));
  await workspace.write({
    'plugins/dice.ts': valued('dice', 2),
    'plugins/seen/index.ts': valued('seen', 2),
  });
  await both;
  const edited = next('reloaded');
  await writeFile(workspace.path('plugins/seen/index.ts'), valued('seen', 3));
  await edited;
  expect(await currentValue(manager, 'seen')).toBe(3);
  expect(seen('unloaded')).toEqual([]);
  expect(manager.hotReload.mode).toBe('native');
});

it.each([
  ['nothing', true, /'.*plugins' is not there; a directory there is watched for$/],
  ['nothing', false, /'.*plugins' is not there$/],
  ['a file', true, /'.*plugins' is a file; a directory there is watched for$/],
])(
  'says that there is %s in the place of the plugin directory, with hot reload: %s',
  async (what, enabled, says) => {
    const workspace = await Workspace.create(what === 'a file' ? { plugins: '' } : {});
    const { manager, next } = benchIn(workspace, { hotReload: { enabled } });
    const { failed } = await manager.loadAll();
    expect(failed).toMatchObject([{ error: { code: 'ERR_PLUGIN_DIRECTORY' } }]);
    expect(failed[0]?.error.message).toMatch(says);
    if (!enabled) return;
    const loaded = next('loaded');
    await rm(workspace.path('plugins'), { force: true });
    await workspace.write({ 'plugins/dice.ts': valued('dice', 1) });
    await loaded;
  },
);

it('follows when another directory is put in the place of the plugin directory', async () => {
  const { manager, workspace, next, seen } = await bench({ 'dice.ts': valued('dice', 1) });
  await workspace.write({ 'next/dice.ts': valued('dice', 2) });
  await manager.loadAll();
  const reloaded = next('reloaded');
  await rename(workspace.path('plugins'), workspace.path('previous'));
  await rename(workspace.path('next'), workspace.path('plugins'));
  await reloaded;
  const edited = next('reloaded');
  await writeFile(workspace.path('plugins/dice.ts'), valued('dice', 3));
  await edited;
  expect(await currentValue(manager, 'dice')).toBe(3);
  expect(seen('unloaded')).toEqual([]);
});

it('watches a plugin directory that is a link, and follows it to another', async () => {
  const workspace = await Workspace.create({
    'v1/dice.ts': valued('dice', 1),
    'v2/dice.ts': valued('dice', 2),
  });
  await symlink('v1', workspace.path('plugins'));
  const { manager, next } = benchIn(workspace);
  await manager.loadAll();
  for (const [value, change] of [
    ['edited', () => writeFile(workspace.path('v1/dice.ts'), valued('dice', 'edited'))],
    [2, () => rm(workspace.path('plugins')).then(() => symlink('v2', workspace.path('plugins')))],
    ['edited too', () => writeFile(workspace.path('v2/dice.ts'), valued('dice', 'edited too'))],
  ] as [unknown, () => Promise<void>][]) {
    const reloaded = next('reloaded');
    await change();
    await reloaded;
    expect(await currentValue(manager, 'dice')).toBe(value);
  }
});

it('loads what appears in a directory that did not exist at the start', async () => {
  const workspace = await Workspace.create();
  const { manager, next } = benchIn(workspace, { pluginDir: workspace.path('not/yet/there') });
  const { loaded, failed } = await manager.loadAll();
  expect(loaded).toEqual([]);
  expect(failed[0]).toMatchObject({ name: workspace.path('not/yet/there') });
  expect(failed[0]?.error.message).toContain('is not there');
  const first = next('loaded');
  await workspace.write({ 'not/yet/there/dice.ts': valued('dice', 1) });
  await first;
  const reloaded = next('reloaded');
  await writeFile(workspace.path('not/yet/there/dice.ts'), valued('dice', 2));
  await reloaded;
  expect(await currentValue(manager, 'dice')).toBe(2);
});

it('loads from several directories, and goes on with one when another is missing', async () => {
  const workspace = await Workspace.create({
    'plugins/dice.ts': valued('dice', 1),
    'plugins-more/seen.ts': valued('seen', 1),
    'plugins-more/poll.ts': valued('poll', 1),
  });
  const pluginDir = ['plugins', 'plugins-more', 'absent'].map((name) => workspace.path(name));
  const { manager, next, seen } = benchIn(workspace, { pluginDir });
  expect((await manager.loadAll()).loaded).toEqual(['dice', 'poll', 'seen']);
  await rm(workspace.path('plugins'), { recursive: true });
  // In a directory that is still there, a deleted file is gone at once, although the other's name is the beginning of its name.
  const unloaded = next('unloaded');
  await rm(workspace.path('plugins-more/poll.ts'));
  expect(await unloaded).toMatchObject({ name: 'poll' });
  const reloaded = next('reloaded');
  await writeFile(workspace.path('plugins-more/seen.ts'), valued('seen', 2));
  await reloaded;
  const loaded = next('loaded');
  await workspace.write({ 'absent/new.ts': valued('new', 1) });
  await loaded;
  expect(manager.list().map(({ name }) => name)).toEqual(['dice', 'new', 'seen']);
  expect(seen('unloaded')).toHaveLength(1);
});

it('is not confused by a file where the plugin directory should be', async () => {
  const workspace = await Workspace.create({ plugins: 'a file' });
  const { manager, next } = benchIn(workspace);
  const { failed } = await manager.loadAll();
  expect(failed).toHaveLength(1);
  const loaded = next('loaded');
  await rm(workspace.path('plugins'));
  await mkdir(workspace.path('plugins'));
  await workspace.write({ 'plugins/dice.ts': valued('dice', 1) });
  await loaded;
  expect(manager.hotReload.mode).toBe('native');
});

it('takes a plugin directory that is named twice for one', async () => {
  const workspace = await Workspace.create({ 'plugins/dice.ts': valued('dice', 1) });
  const plugins = workspace.path('plugins');
  const { manager, seen } = benchIn(workspace, { pluginDir: [plugins, `${plugins}/../plugins/`] });
  expect(await manager.loadAll()).toMatchObject({ loaded: ['dice'], failed: [] });
  expect(seen('watch').map(({ text }) => text)).not.toContainEqual(expect.stringContaining('dice'));
});

it.runIf(process.getuid?.() === 0)('polls a directory that it may not read, and says why', async () => {
  const workspace = await Workspace.create({ 'plugins/dice.ts': valued('dice', 1) });
  await chmod(workspace.root, 0o711);
  await chmod(workspace.path('plugins'), 0o711);
  const { manager, seen } = benchIn(workspace);
  process.seteuid?.(65_534);
  try {
    await manager.loadAll();
    expect(manager.hotReload.mode).toBe('polling');
    expect(seen('watch')[0]?.text).toMatch(/EACCES: permission denied/);
  } finally {
    process.seteuid?.(0);
  }
});
