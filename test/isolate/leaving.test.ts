import { readFile } from 'node:fs/promises';
import { expect, it, onTestFinished, vi } from 'vitest';
import { threadEnds } from '#internal/isolate/thread-ends';
import { type Bench, bench, ISOLATION, loadedBench, pluginSource } from '../support/workspace.ts';

/** A bench with a plugin that ends in this way when it is told to, and how the call went. */
async function ended(how: string): Promise<Bench & { error: Error }> {
  const source = pluginSource('leaver', `return { leave() { ${how} } };`);
  const plugin = await bench({ 'leaver.js': source }, { hotReload: false });
  await plugin.manager.loadAll();
  const error = await plugin.manager
    .plugin<{ leave(): void }>('leaver')
    .leave()
    .then(
      () => new Error('it did not end'),
      (reason: Error) => reason,
    );
  return { ...plugin, error };
}

it('keeps what a plugin logs while it exits', async () => {
  const { error, seen } = await ended(
    `process.on('exit', (code) => { console.log('printed', code); ctx.log.info('logged'); }); process.exit(3);`,
  );
  expect(error.message).toContain('it called process.exit(3)');
  expect(seen('log').map(({ text }) => text)).toEqual(expect.arrayContaining(['printed 3', 'logged']));
});

it.each([
  ['no code', '', 0],
  ['undefined', 'undefined', 0],
  ['a text', `'7'`, 7],
])('tells the exit code of a plugin that exits with %s', async (_what, argument, code) => {
  expect((await ended(`process.exit(${argument});`)).error.message).toContain(`process.exit(${code})`);
});

it('ends a plugin whose listener of its exit throws, with that error', async () => {
  const { error } = await ended(
    `process.on('exit', () => { throw new RangeError('not yet'); }); process.exit(3);`,
  );
  expect(error.message).toContain('RangeError: not yet');
});

it('throws what Node throws for a wrong exit code, and lets the plugin go on', async () => {
  const { error, manager } = await ended(`process.exit({});`);
  expect(error).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
  expect(manager.get('leaver')).toMatchObject({ state: 'running', crashes: 0 });
});

it('names an uncaught exception that Node itself ends the thread for', async () => {
  for (let time = 0; time < 3; time++) {
    const { error } = await ended(
      `process.setUncaughtExceptionCaptureCallback(null); setImmediate(() => { throw new RangeError('mine'); }); return new Promise(() => {});`,
    );
    expect(error.message).toContain('RangeError: mine');
  }
});

it.runIf(ISOLATION === 'thread')(
  'lets the host end a thread whose plugin exits, after what the plugin does last',
  async () => {
    const { manager, workspace } = await loadedBench(
      {
        'leaver.js': `import { writeFileSync } from 'node:fs';
${pluginSource(
  'leaver',
  `return { exit(file) { process.on('exit', (code) => writeFileSync(file, String(code))); process.exit(3); } };`,
)}`,
      },
      { hotReload: false },
    );
    const spy = vi.spyOn(threadEnds, 'end');
    onTestFinished(() => void spy.mockRestore());
    const file = workspace.path('exited');
    const call = manager.plugin<{ exit(file: string): void }>('leaver').exit(file);
    await expect(call).rejects.toThrow('it called process.exit(3)');
    expect(spy).toHaveBeenCalled();
    expect(await readFile(file, 'utf8')).toBe('3');
  },
);
