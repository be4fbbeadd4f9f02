import { expect, it } from 'vitest';
import { bench, pluginSource, standStill, until } from '../support/workspace.ts';

const SLOW = pluginSource(
  'slow',
  `await new Promise((resolve) => setTimeout(resolve, 300));
    return { wait: () => new Promise((resolve) => setTimeout(resolve, 300, 'done')) };`,
).replace('setup(', 'async setup(');

/** Not from within a timer, after which all that are due run. */
async function stall(ms: number): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  standStill(ms);
}

it('hears what came in while it stood still before it gives anything up', async () => {
  const { manager, seen } = await bench(
    { 'slow.ts': SLOW },
    { hotReload: false, defaults: { startMs: 5_000, callTimeoutMs: 1_000 } },
  );
  const loading = manager.loadAll();
  await until(() => manager.get('slow')?.state === 'starting', 'its setup');
  await stall(5_500);
  expect((await loading).failed).toEqual([]);
  const call = manager.plugin<{ wait(): string }>('slow').wait();
  await stall(1_500);
  expect(await call).toBe('done');
  const unloading = manager.unload('slow');
  await until(() => manager.get('slow')?.state !== 'running', 'the begin of its end');
  await stall(1_500);
  await unloading;
  expect(seen('zombie')).toEqual([]);
});
