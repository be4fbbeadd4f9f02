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
