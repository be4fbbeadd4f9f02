import { writeFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { gate } from '../support/gate.ts';
import { loadedBench, pluginSource, until } from '../support/workspace.ts';

it('counts the time in the queue into the time of a call, and does not run one that was given up there', async () => {
  const ran: string[] = [];
  const { open, opened } = gate();
  const worker = `ctx.onTeardown(() => ctx.bot.gate()); return { run: (what) => ctx.bot.ran(what) };`;
  const { manager, workspace } = await loadedBench(
    { 'worker.ts': pluginSource('worker', worker) },
    {
      hotReload: false,
      bot: { gate: () => opened, ran: (what: string) => void ran.push(what) },
      defaults: { callTimeoutMs: 200, teardownMs: 20_000 },
    },
  );
  await writeFile(workspace.path('plugins/worker.ts'), `${pluginSource('worker', worker)}// new`);
  const reload = manager.reload('worker');
  await until(() => manager.get('worker')?.state === 'reloading', 'the pause');
  const { run } = manager.plugin<{ run(what: string): void }>('worker');
  await expect(run('in the pause')).rejects.toMatchObject({
    code: 'ERR_CALL_TIMEOUT',
    message: expect.stringContaining("the call 'run' within 200 ms (it was still in the queue)"),
  });
  expect(manager.get('worker')?.state).toBe('reloading');
  open();
  await reload;
  // What waited has started before it.
  await run('afterwards');
  expect(ran).toEqual(['afterwards']);
});
