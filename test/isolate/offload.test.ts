import { expect, it, onTestFinished, vi } from 'vitest';
import { threadEnds } from '#internal/isolate/thread-ends';
import { ISOLATION, loadedBench, pluginSource, until } from '../support/workspace.ts';

const worker = (extra = '') =>
  pluginSource(
    'worker',
    `const job = new URL('./_job.ts', import.meta.url);
    return { run: (input: unknown, options?: { signal?: AbortSignal }) => ctx.offload(job, input, options), ${extra} };`,
  );
interface Worker {
  run(input: unknown, options?: { signal?: AbortSignal }): unknown;
}

it('runs TypeScript in the pool while the plugin stays responsive, and new code after a save', async () => {
  const job = (factor: number) => `import { existsSync } from 'node:fs';
export default async ({ n, gate }: { n: number; gate: string }): Promise<number> => {
  while (!existsSync(gate));
  return n * ${factor};
};`;
  const { manager, workspace, next } = await loadedBench({
    'worker.ts': worker('alive: () => true,'),
    '_job.ts': job(2),
  });
  const plugin = manager.plugin<Worker & { alive(): boolean }>('worker');
  const gate = workspace.path('gate');
  let done = false;
  const result = Promise.resolve(plugin.run({ n: 21, gate })).finally(() => {
    done = true;
  });
  for (let n = 0; n < 20; n++) expect(await plugin.alive()).toBe(true);
  expect(done).toBe(false);
  await workspace.write({ gate: '' });
  expect(await result).toBe(42);
  const reloaded = next('reloaded');
  await workspace.write({ 'plugins/_job.ts': job(3) });
  await reloaded;
  expect(await plugin.run({ n: 21, gate })).toBe(63);
});

it('rejects with the error of the job, in its own lines', async () => {
  const { manager, workspace } = await loadedBench(
    {
      'worker.ts': worker(),
      '_job.ts': `interface Unused { a: 1 }
export default (input: string) => {
  if (input === 'throw') throw Object.assign(new RangeError('bad', { cause: 1 }), { code: 'E_BAD' });
  if (input === 'uncloneable') return { deep: () => {} };
  process.exit(3);
};`,
    },
    { hotReload: false },
  );
  const plugin = manager.plugin<Worker>('worker');
  const error = (await (plugin.run('throw') as Promise<unknown>).catch((e: unknown) => e)) as Error;
  expect(error).toBeInstanceOf(RangeError);
  expect(error).toMatchObject({ message: 'bad', code: 'E_BAD', cause: 1 });
  expect(error.stack).toContain(`${workspace.path('plugins/_job.ts')}:3:`);
  await expect(plugin.run('uncloneable')).rejects.toThrow('the result: .deep');
  await expect(plugin.run('exit')).rejects.toMatchObject({ code: 'ERR_OFFLOAD' });
});

it.each([
  ['is missing', {}, '_job.ts is not there'],
  ['has a syntax error', { '_job.ts': 'export default (' }, 'Unexpected end of file'],
  ['has no default export', { '_job.ts': 'export const x = 1;' }, 'no function as default export'],
  [
    'has a generator',
    { '_job.ts': 'export default function* () {}' },
    'default export, but generator function',
  ],
])('says so when the file %s', async (_what, files, text) => {
  const { manager, workspace } = await loadedBench({ 'worker.ts': worker(), ...files }, { hotReload: false });
  const error = (await manager
    .plugin<Worker>('worker')
    .run(1)
    .catch((thrown: unknown) => thrown)) as Error;
  expect(error).toMatchObject({ code: 'ERR_OFFLOAD', message: expect.stringContaining(text) });
  expect(error.message).toContain(workspace.path('plugins/_job.ts'));
});

it.each(['file://elsewhere/job.js', 'https://example.org/job.js', 'job.js', 'c:/job.js'])(
  'refuses what is no file: %s',
  async (url) => {
    const source = pluginSource('worker', `return { run: () => ctx.offload('${url}') };`);
    const { manager } = await loadedBench({ 'worker.ts': source }, { hotReload: false });
    await expect(manager.plugin<{ run(): void }>('worker').run()).rejects.toMatchObject({
      code: 'ERR_INVALID_ARGUMENT',
      message: expect.stringContaining(url),
    });
  },
);

it('lets a job see the environment that the plugin was granted, and no other', async () => {
  vi.stubEnv('GRANTED', 'yes');
  vi.stubEnv('SECRET', 'no');
  onTestFinished(() => void vi.unstubAllEnvs());
  const { manager } = await loadedBench(
    { 'worker.ts': worker(), '_job.ts': 'export default () => ({ ...process.env });' },
    { hotReload: false, plugins: { worker: { env: ['GRANTED', 'ABSENT'] } } },
  );
  expect(await manager.plugin<Worker>('worker').run(1)).toEqual({ GRANTED: 'yes' });
});

it('logs what a job prints as the plugin does, and counts what is too much', async () => {
  const job = `export default (lines: number) => {
    for (let n = 0; n < lines; n++) console.log('line', n);
    process.stdout.write('without an end');
  };`;
  const { manager, log, seen } = await loadedBench(
    { 'worker.ts': worker(), '_job.ts': job },
    { hotReload: false, defaults: { budgets: { logBytesPerSecond: 1_000 } } },
  );
  await manager.plugin<Worker>('worker').run(1);
  const texts = () => log.filter(({ fields }) => fields.plugin === 'worker').map(({ text }) => text);
  await until(() => texts().includes('without an end'), 'the output');
  expect(texts()).toContain('line 0');
  await manager.plugin<Worker>('worker').run(1_000);
  await until(() => seen('dropped').length > 0, 'the count');
});

it('logs an error that a job throws after it has answered', async () => {
  const job = `export default () => { setTimeout(() => { throw new RangeError('too late'); }, 5); return 'answered'; };`;
  const { manager, log } = await loadedBench({ 'worker.ts': worker(), '_job.ts': job }, { hotReload: false });
  expect(await manager.plugin<Worker>('worker').run(1)).toBe('answered');
  await until(
    () => log.find(({ level, text }) => level === 'error' && text.includes('too late')),
    'the error',
  );
});

it.each(['exits', 'throws later', 'runs out of memory', 'is aborted'])(
  'runs what waits for a thread when the job that has it %s',
  async (what) => {
    const job = `import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
export default async ([what, gate]: [string, string]): Promise<string> => {
  if (what === 'waits') return what;
  console.log('under way');
  while (!existsSync(gate)) await delay(1);
  if (what === 'exits') process.exit(3);
  if (what === 'throws later') setImmediate(() => { throw new Error('later'); });
  if (what === 'runs out of memory') for (const all: unknown[] = []; ; ) all.push({ all: new Array(99).fill(0) });
  return new Promise(() => {});
};`;
    const { manager, workspace, next } = await loadedBench(
      { 'worker.ts': worker(), '_job.ts': job },
      { hotReload: false, defaults: { limits: { heapMb: 32 }, offload: { maxThreads: 1 } } },
    );
    const plugin = manager.plugin<Worker>('worker');
    const gate = workspace.path('gate');
    const isUnderWay = next('log', ({ text }) => text === 'under way');
    const controller = new AbortController();
    const ended = expect(plugin.run([what, gate], { signal: controller.signal })).rejects.toThrow();
    await isUnderWay;
    const { signal } = new AbortController();
    const aborted = AbortSignal.timeout(1);
    const gaveUp = expect(plugin.run(['waits', gate], { signal: aborted })).rejects.toThrow(/timeout/);
    const others = [plugin.run(['waits', gate]), plugin.run(['waits', gate], { signal })];
    await gaveUp;
    if (what === 'is aborted') controller.abort(new Error('enough'));
    else await workspace.write({ gate: '' });
    await ended;
    expect(await Promise.all(others)).toEqual(['waits', 'waits']);
  },
);

it('aborts a job, bounds the queue, and ends both with the generation', async () => {
  const { manager } = await loadedBench(
    { 'worker.ts': worker(), '_job.ts': 'export default () => { for (;;); };' },
    { hotReload: false, defaults: { offload: { maxThreads: 1, maxQueue: 1 }, drainMs: 20 } },
  );
  const plugin = manager.plugin<Worker>('worker');
  const controller = new AbortController();
  const endless = plugin.run(1, { signal: controller.signal }) as Promise<unknown>;
  controller.abort(new Error('enough'));
  await expect(endless).rejects.toThrow('enough');
  const { signal } = new AbortController();
  const jobs = [plugin.run(1, { signal }), plugin.run(2, { signal }), plugin.run(3)].map((job) =>
    (job as Promise<unknown>).catch((e: Error) => e),
  );
  const first = await Promise.race(jobs);
  expect(first).toMatchObject({ code: 'ERR_OFFLOAD', message: expect.stringContaining('queue') });
  await manager.unloadAll();
  expect((await Promise.all(jobs)).every((outcome) => outcome instanceof Error)).toBe(true);
  await until(() => manager.list().length === 0, 'the end');
});

it('loads a job as an import does, since what is loaded by require cannot be ended safely', async () => {
  const { manager } = await loadedBench(
    {
      'user.js': pluginSource(
        'user',
        `return { run: () => ctx.offload(new URL('./_job.js', import.meta.url)) };`,
      ),
      '_job.js': `import { createRequire } from 'node:module';
export default () => Object.keys(createRequire(import.meta.url).cache).filter((name) => name.endsWith('.mjs'));`,
    },
    { hotReload: false },
  );
  expect(await manager.plugin<{ run(): string[] }>('user').run()).toEqual([]);
});

it.runIf(ISOLATION === 'thread')('says beforehand that an abort ends the thread of a job', async () => {
  const { manager } = await loadedBench(
    {
      'user.js': pluginSource(
        'user',
        `return { run: (signal) => ctx.offload(new URL('./_job.js', import.meta.url), 0, { signal }) };`,
      ),
      '_job.js': `export default () => { console.log('under way'); return new Promise(() => {}); };`,
    },
    { hotReload: false },
  );
  const spy = vi.spyOn(threadEnds, 'end');
  onTestFinished(() => void spy.mockRestore());
  const controller = new AbortController();
  const started = new Promise((resolve) => manager.on('log', resolve));
  const run = manager.plugin<{ run(signal: AbortSignal): void }>('user').run(controller.signal);
  const rejected = expect(run).rejects.toThrow('enough');
  await started;
  controller.abort(new Error('enough'));
  await rejected;
  expect(spy).toHaveBeenCalledOnce();
});

it('keeps to the budgets also what a job prints when it is imported', async () => {
  const job = `for (let n = 0; n < 1_000; n++) console.log('line', n);\nexport default () => 'done';`;
  const { manager, seen } = await loadedBench(
    { 'worker.ts': worker(), '_job.ts': job },
    { hotReload: false, defaults: { budgets: { logBytesPerSecond: 1_000 } } },
  );
  expect(await manager.plugin<Worker>('worker').run(1)).toBe('done');
  await until(() => seen('dropped').length > 0, 'the count');
});
