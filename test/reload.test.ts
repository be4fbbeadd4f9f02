import { readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { bench, loadedBench, pluginSource } from './support/workspace.ts';

it('serves the new version after a save, and the old one until then', async () => {
  const { manager, workspace, next } = await bench({
    'greeter.ts': pluginSource('greeter', `return { hello: () => 'one' };`),
  });
  expect(await manager.loadAll()).toEqual({ loaded: ['greeter'], failed: [], waiting: [] });
  const greeter = manager.plugin<{ hello(): string }>('greeter');
  expect(await greeter.hello()).toBe('one');
  const reloaded = next('reloaded');
  await writeFile(
    workspace.path('plugins/greeter.ts'),
    pluginSource('greeter', `return { hello: () => 'two' };`),
  );
  expect(await reloaded).toMatchObject({ name: 'greeter', generation: 2 });
  expect(await greeter.hello()).toBe('two');
});

it('keeps the last good version after a broken save, and says where it is broken', async () => {
  const { manager, workspace, next } = await loadedBench({
    'greeter.ts': pluginSource('greeter', `return { hello: () => 'one' };`),
  });
  const failed = next('reload-failed');
  await writeFile(workspace.path('plugins/greeter.ts'), pluginSource('greeter', 'return { hello: () => };'));
  const { stage, error, generation } = await failed;
  expect({ stage, generation }).toEqual({ stage: 'build', generation: 1 });
  expect(error.message).toContain(`${workspace.path('plugins/greeter.ts')}:5:`);
  expect(error.message).toContain('> 5 |');
  expect(await manager.plugin<{ hello(): string }>('greeter').hello()).toBe('one');
  const reloaded = next('reloaded');
  await writeFile(
    workspace.path('plugins/greeter.ts'),
    pluginSource('greeter', `return { hello: () => 'three' };`),
  );
  await reloaded;
  expect(await manager.plugin<{ hello(): string }>('greeter').hello()).toBe('three');
});

it('builds again after somebody ended the process that esbuild works in', async () => {
  const { manager } = await loadedBench(
    { 'greeter.ts': pluginSource('greeter', `return { hello: () => 'one' };`) },
    { hotReload: false },
  );
  for (const pid of childrenNamed('esbuild')) process.kill(pid, 'SIGKILL');
  await manager.reload('greeter');
  expect(manager.get('greeter')?.generation).toBe(2);
});

/** Process ids of this process's children with that name, out of Linux's /proc. */
function childrenNamed(name: string): number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .filter((pid) => {
      try {
        return new RegExp(`^${pid} \\(${name}\\) \\w ${process.pid} `).test(
          readFileSync(`/proc/${pid}/stat`, 'utf8'),
        );
      } catch {
        return false;
      }
    })
    .map(Number);
}
