import { rm, writeFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { gate } from '../support/gate.ts';
import { bench, loadedBench, until } from '../support/workspace.ts';
import { currentValue, valued } from './values.ts';

it('can be started and stopped any number of times, also at once', async () => {
  const { manager, workspace, next, seen } = await bench({ 'dice.ts': valued('dice', 1) });
  const { hotReload } = manager;
  expect(hotReload.mode).toBe('off');
  await Promise.all([hotReload.stop(), hotReload.start(), hotReload.start()]);
  expect(hotReload.isEnabled).toBe(true);
  await Promise.all([hotReload.stop(), hotReload.stop(), hotReload.start(), hotReload.stop()]);
  expect(hotReload.isEnabled).toBe(false);
  expect(hotReload.mode).toBe('off');
  await manager.loadAll();
  expect(hotReload.mode).toBe('native');
  const reloaded = next('reloaded');
  await writeFile(workspace.path('plugins/dice.ts'), valued('dice', 2));
  await reloaded;
  expect(seen('reloaded')).toHaveLength(1);
  expect(seen('watch').map(({ mode }) => mode)).toEqual(['native', 'off', 'native', 'off', 'native']);
});

it('does nothing when it is stopped, and notices what changed meanwhile when it is started again', async () => {
  const { manager, workspace, next, seen } = await loadedBench({
    'dice.ts': valued('dice', 1),
    'gone.ts': valued('gone', 1),
    'poll.ts': valued('poll', 1),
  });
  // Stopped with a change under way: it is not acted on.
  await writeFile(workspace.path('plugins/dice.ts'), valued('dice', 2));
  await manager.hotReload.stop();
  await workspace.write({ 'plugins/new.ts': valued('new', 1) });
  await rm(workspace.path('plugins/gone.ts'));
  // Time enough for an event to arrive, if anybody was told.
  await manager.reload('poll');
  await manager.reload('poll');
  expect(seen('loaded')).toHaveLength(3);
  expect(manager.list().map(({ name }) => name)).toEqual(['dice', 'gone', 'poll']);
  const all = Promise.all([
    next('reloaded', ({ name }) => name === 'dice'),
    next('loaded', ({ name }) => name === 'new'),
    next('unloaded', ({ name }) => name === 'gone'),
  ]);
  await manager.hotReload.start();
  await all;
  expect(await currentValue(manager, 'dice')).toBe(2);
});

it('is off when the options say so, and can be started by hand', async () => {
  const { manager, workspace, next, seen } = await loadedBench(
    { 'dice.ts': valued('dice', 1) },
    { hotReload: false },
  );
  expect(manager.hotReload.isEnabled).toBe(false);
  await writeFile(workspace.path('plugins/dice.ts'), valued('dice', 2));
  await manager.reload('dice');
  expect(await currentValue(manager, 'dice')).toBe(2);
  expect(seen('watch')).toEqual([]);
  await manager.hotReload.start();
  const reloaded = next('reloaded');
  await writeFile(workspace.path('plugins/dice.ts'), valued('dice', 3));
  await reloaded;
  expect(manager.get('dice')).toMatchObject({ generation: 3 });
});

it('does not bring a plugin back that is unloaded during its reload', async () => {
  const { open, opened } = gate();
  const { manager, workspace, seen } = await loadedBench(
    { 'slow.ts': valued('slow', 1) },
    { bot: { gate: () => opened } },
  );
  const slow = valued('slow', 2, 'await ctx.bot.gate();').replace('setup(', 'async setup(');
  await writeFile(workspace.path('plugins/slow.ts'), slow);
  await until(() => manager.get('slow')?.state === 'reloading', 'the slow reload');
  await manager.unloadAll();
  open();
  expect(manager.list()).toEqual([]);
  expect(manager.hotReload.mode).toBe('off');
  expect(seen('reloaded')).toEqual([]);
  // And it can be loaded anew, as it is now.
  expect((await manager.loadAll()).loaded).toEqual(['slow']);
  expect(await currentValue(manager, 'slow')).toBe(2);
});

it('does not load a new plugin that was noticed while everything was being unloaded', async () => {
  const { open, opened } = gate();
  const { manager, workspace, next, seen } = await loadedBench(
    {
      'slow.ts': valued(
        'slow',
        1,
        `ctx.onTeardown(() => { ctx.log.info('tearing down'); return ctx.bot.gate(); });`,
      ),
      'other.ts': valued('other', 1),
    },
    { bot: { gate: () => opened } },
  );
  const tearingDown = next('log', ({ text }) => text === 'tearing down');
  await rm(workspace.path('plugins/slow.ts'));
  await workspace.write({ 'plugins/late.ts': valued('late', 1) });
  await tearingDown;
  // It waits for the teardown of the one that vanished, whose name it could have.
  await until(() => manager.get('late')?.state === 'discovered', 'the new plugin to be noticed');
  const unloading = manager.unloadAll();
  open();
  await unloading;
  expect(manager.list()).toEqual([]);
  expect(
    seen('loaded')
      .map(({ name }) => name)
      .sort(),
  ).toEqual(['other', 'slow']);
});

it('leaves a plugin alone that was unloaded or disabled by hand when its file changes', async () => {
  const { manager, workspace, next } = await loadedBench({
    'off.ts': valued('off', 1),
    'out.ts': valued('out', 1),
    'dice.ts': valued('dice', 1),
  });
  await manager.disable('off');
  await manager.unload('out');
  const reloaded = next('reloaded');
  await workspace.write({
    'plugins/off.ts': valued('off', 2),
    'plugins/out.ts': valued('out', 2),
    'plugins/dice.ts': valued('dice', 2),
  });
  await reloaded;
  expect(manager.get('off')).toMatchObject({ state: 'disabled' });
  expect(manager.get('out')).toMatchObject({ state: 'stopped' });
  await manager.enable('off');
  await manager.load('out');
  expect(await currentValue(manager, 'off')).toBe(2);
  expect(await currentValue(manager, 'out')).toBe(2);
});

it('goes on loading what appears after one plugin was loaded by its name', async () => {
  const { manager, workspace, next } = await loadedBench({ 'README.md': '' });
  const second = next('loaded', ({ name }) => name === 'second');
  await workspace.write({ 'plugins/first.ts': valued('first', 1), 'plugins/second.ts': valued('second', 1) });
  await manager.load('first');
  await second;
});

it.each(['load', 'reload', 'enable'] as const)(
  'does not start a plugin again that is being removed with its file: %s',
  async (what) => {
    const { open, opened } = gate();
    const slow = valued('slow', 1, 'ctx.onTeardown(() => ctx.bot.gate());');
    const { manager, workspace, next, seen } = await loadedBench(
      { 'slow.ts': slow },
      { bot: { gate: () => opened } },
    );
    await rm(workspace.path('plugins/slow.ts'));
    await until(() => manager.get('slow')?.state === 'stopping', 'the teardown');
    const refused = expect(manager[what]('slow')).rejects.toMatchObject({ code: 'ERR_PLUGIN_NOT_FOUND' });
    const loaded = next('loaded');
    await workspace.write({ 'plugins/slow.ts': slow });
    open();
    await refused;
    // It came back meanwhile: as a plugin of its own.
    expect(await loaded).toMatchObject({ name: 'slow', generation: 1 });
    expect(seen('loaded')).toHaveLength(2);
    expect(manager.list()).toHaveLength(1);
  },
);

it('does not begin to watch while everything is unloaded', async () => {
  const { manager } = await loadedBench({ 'dice.ts': valued('dice', 1) });
  const unloading = manager.unloadAll();
  await expect(manager.hotReload.start()).rejects.toMatchObject({ code: 'ERR_MANAGER_CLOSED' });
  await unloading;
  expect(manager.hotReload.mode).toBe('off');
});
