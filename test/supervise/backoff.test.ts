import { expect, it } from 'vitest';
import { bench, pluginSource, until } from '../support/workspace.ts';

it('waits longer and longer for a plugin that never runs for long, however long ago its first crash was', async () => {
  const restart = { initialDelayMs: 5, maxDelayMs: 160, windowMs: 1, resetMs: 60_000 };
  const { manager, seen } = await bench(
    { 'sick.ts': pluginSource('sick', `throw new Error('no luck');`) },
    { hotReload: false, defaults: { restart } },
  );
  await manager.loadAll();
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
