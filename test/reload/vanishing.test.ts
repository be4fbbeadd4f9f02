import { rm, utimes } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { gate } from '../support/gate.ts';
import { bench, loadedBench, pluginSource, until } from '../support/workspace.ts';
import { valued } from './values.ts';

it('reports no failed reload of a plugin whose file is deleted while that waits for its turn', async () => {
  const { open, opened } = gate();
  const { manager, workspace, next, seen } = await loadedBench(
    { 'a.ts': valued('a', 1), 'b.ts': valued('b', 1), 'c.ts': valued('c', 1) },
    { concurrency: 1, bot: { gate: () => opened } },
  );
  await workspace.write({
    'plugins/a.ts': pluginSource('a', 'return ctx.bot.gate().then(() => ({ value: () => 2 }));'),
  });
  await until(() => manager.get('a')?.state === 'reloading', 'the reload that the other one waits for');
  const unchanged = next('unchanged');
  await workspace.write({ 'plugins/b.ts': valued('b', 2) });
  await utimes(workspace.path('plugins/c.ts'), new Date(), new Date());
  // In the same look or a later one.
  await unchanged;
  await rm(workspace.path('plugins/b.ts'));
  const unloaded = next('unloaded');
  open();
  expect(await unloaded).toEqual({ name: 'b', generation: 1 });
  expect(seen('reload-failed')).toEqual([]);
});

it('reports no failed restart of a plugin whose file is deleted before it', async () => {
  const { manager, workspace, next, seen } = await bench(
    { 'a.ts': pluginSource('a', `throw new Error('not yet');`) },
    { defaults: { restart: { initialDelayMs: 50 } } },
  );
  const restarting = next('restarting');
  await manager.loadAll();
  await restarting;
  await rm(workspace.path('plugins/a.ts'));
  await until(() => manager.get('a') === undefined, 'the end of the slot');
  expect(seen('reload-failed').map(({ stage }) => stage)).not.toContain('build');
});
