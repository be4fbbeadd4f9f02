import { setTimeout as wait } from 'node:timers/promises';
import type { Logger } from 'bulkhead';
import { expect, it, onTestFinished, vi } from 'vitest';
import { bench, loadedBench, pluginSource, until } from '../support/workspace.ts';

it('waits longer and longer for a plugin that never runs for long, however long ago its first crash was', async () => {
  const restart = { initialDelayMs: 5, maxDelayMs: 160, windowMs: 1, resetMs: 60_000 };
  const { seen } = await loadedBench(
    { 'sick.ts': pluginSource('sick', `throw new Error('no luck');`) },
    { hotReload: false, defaults: { restart } },
  );
  const longest = () => Math.max(0, ...seen('restarting').map(({ delayMs }) => delayMs));
  await until(() => longest() > 100, 'the longest wait');
  expect(seen('quarantined')).toEqual([]);
});

it('does not start a transient plugin again that ends with code 0, be it while it is set up', async () => {
  const done = pluginSource('done', 'process.exit(Number(ctx.config));');
  const { manager, seen, next } = await bench(
    { 'done.ts': done, 'broken.ts': done.replace("'done'", "'broken'") },
    {
      hotReload: false,
      config: { done: 0, broken: 1 },
      defaults: { restart: { type: 'transient', initialDelayMs: 1 } },
    },
  );
  const restarting = next('restarting');
  await manager.loadAll();
  await restarting;
  expect(seen('restarting').map(({ name }) => name)).not.toContain('done');
  expect(manager.get('done')).toMatchObject({ state: 'stopped', crashes: 1 });
});

it.each([
  ['transient', 0, 'stopped'],
  ['transient', 1, 'running'],
  ['temporary', 0, 'stopped'],
  ['temporary', 1, 'stopped'],
] as const)(
  'of a %s plugin that runs and ends with code %i, what becomes is: %s',
  async (type, code, state) => {
    const { manager, seen } = await loadedBench(
      { 'mortal.ts': pluginSource('mortal', 'return { end: (code) => process.exit(code) };') },
      { hotReload: false, defaults: { restart: { type, initialDelayMs: 1 } } },
    );
    const end = manager.plugin<{ end(code: number): void }>('mortal').end(code);
    await expect(end).rejects.toMatchObject({ code: 'ERR_PLUGIN_CRASHED' });
    const generation = state === 'running' ? 2 : 1;
    await until(() => manager.get('mortal')?.state === state && seen('loaded').length === generation, state);
    expect(manager.get('mortal')).toMatchObject({ crashes: 1, generation });
    expect(seen('restarting')).toHaveLength(generation - 1);
    expect(seen('unloaded')).toHaveLength(2 - generation);
  },
);

it('shows the lines around an error of a restart only as long as the file is as it was built', async () => {
  const source = pluginSource(
    'sick',
    `if (ctx.state.has('ill')) throw new Error('still ill');
    return { fall() { ctx.state.set('ill', true); process.exit(1); } };`,
  );
  const { manager, workspace, next } = await loadedBench(
    { 'sick.ts': source },
    { hotReload: false, defaults: { restart: { initialDelayMs: 1 } } },
  );
  const place = { file: workspace.path('plugins/sick.ts'), line: 5, column: 37 };
  const first = next('reload-failed');
  await expect(manager.plugin<{ fall(): void }>('sick').fall()).rejects.toThrow();
  expect((await first).error).toMatchObject({ location: place, frame: expect.stringContaining('> 5 |') });
  const second = next('reload-failed', ({ error }) => !('frame' in error));
  await workspace.write({ 'plugins/sick.ts': `// One more line.\n${source}` });
  const { error } = await second;
  expect(error).toMatchObject({ location: place });
  expect(error.message).toMatch(/Error: still ill\n {2}at .*sick\.ts:5:37$/);
});

it('starts a plugin again although whoever listens, and the logger, throws', async () => {
  const { manager, next } = await bench(
    { 'mortal.ts': pluginSource('mortal', 'return { die: () => process.exit(1) };') },
    { hotReload: false, defaults: { restart: { initialDelayMs: 1 } }, logger: throwingLogger() },
  );
  manager.on('crashed', () => {
    throw new Error('of the listener');
  });
  await manager.loadAll();
  const loaded = next('loaded');
  await expect(manager.plugin<{ die(): void }>('mortal').die()).rejects.toThrow();
  await loaded;
});

it('says since when a plugin serves only as long as it does', async () => {
  const { manager, next } = await loadedBench(
    { 'mortal.ts': pluginSource('mortal', 'return { die: () => process.exit(1) };') },
    { hotReload: false, defaults: { restart: { initialDelayMs: 60_000 } } },
  );
  expect(manager.get('mortal')?.startedAt).toBeInstanceOf(Date);
  const crashed = next('crashed');
  await expect(manager.plugin<{ die(): void }>('mortal').die()).rejects.toThrow();
  await crashed;
  expect(manager.get('mortal')?.startedAt).toBeUndefined();
});

function throwingLogger(): Logger {
  const write = () => {
    throw new Error('of the logger');
  };
  return { trace: write, debug: write, info: write, warn: write, error: write, fatal: write };
}

it('does not start a plugin again while everything is unloaded', async () => {
  const { manager, seen, next } = await loadedBench(
    { 'mortal.ts': pluginSource('mortal', 'return { end: () => process.exit(1) };') },
    { hotReload: false, defaults: { restart: { initialDelayMs: 50 } } },
  );
  const restarting = next('restarting');
  await expect(manager.plugin<{ end(): void }>('mortal').end()).rejects.toMatchObject({ reason: 'exit' });
  const { delayMs } = await restarting;
  // The restart falls due while this is under way: its timer was set before.
  const stop = vi.spyOn(manager.hotReload, 'stop').mockImplementationOnce(() => wait(delayMs + 1));
  const unloaded = manager.unloadAll();
  await stop.mock.results[0]?.value;
  expect(manager.get('mortal')?.state).toBe('backoff');
  await unloaded;
  expect(seen('reload-failed')).toEqual([]);
});

it.each([-1, 1])(
  'counts how long it ran, and when it crashed, without the clock, set by %i years',
  async (years) => {
    const restart = { initialDelayMs: 1, maxCrashes: 2, windowMs: 60_000, resetMs: 60_000 };
    const { manager, next } = await loadedBench(
      { 'p.ts': pluginSource('p', 'return { die: () => process.exit(1) };') },
      { hotReload: false, defaults: { restart } },
    );
    const plugin = manager.plugin<{ die(): void }>('p');
    const set = (times: number) => {
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + times * years * 365 * 86_400_000 });
      onTestFinished(() => void vi.useRealTimers());
    };
    const [crashed, loaded] = [next('crashed'), next('loaded')];
    set(1);
    await expect(plugin.die()).rejects.toMatchObject({ code: 'ERR_PLUGIN_CRASHED' });
    const { uptimeMs } = await crashed;
    expect(uptimeMs).toBeGreaterThan(0);
    expect(uptimeMs).toBeLessThan(60_000);
    await loaded;
    set(1);
    const quarantined = next('quarantined');
    await expect(plugin.die()).rejects.toMatchObject({ code: 'ERR_PLUGIN_CRASHED' });
    expect(await quarantined).toMatchObject({ crashes: 2 });
  },
);
