import { readdir, rm } from 'node:fs/promises';
import { expect, it, onTestFinished, vi } from 'vitest';
import {
  type Bench,
  bench,
  type Files,
  loadedBench,
  pluginSource,
  until,
  Workspace,
} from '../support/workspace.ts';

interface V {
  version(): number;
  job(): number;
}

const plugin = (version: number, extra = '') =>
  pluginSource(
    'v',
    `${extra} return { version: () => ${version}, job: () => ctx.offload(new URL('./_job.js', import.meta.url), 1) };`,
  );
const job = (factor: number) => `export default (n) => n * ${factor};`;

/** `v` runs in version 1 and has offloaded its job once; `save` resolves with what came of it. */
async function running(files: Files = { '_job.js': job(10) }) {
  const tested = await bench({ 'v.ts': plugin(1), ...files });
  await tested.manager.loadAll();
  const v = tested.manager.plugin<V>('v');
  expect(await v.job()).toBe(10);
  return { ...tested, v, save: (changed: Files) => save(tested, changed) };
}

async function save({ workspace, next }: Bench, files: Files): Promise<string> {
  const outcome = Promise.race([
    next('reloaded').then(() => 'reloaded'),
    next('reload-failed').then(({ stage, error }) => `${stage}: ${error.message}`),
  ]);
  await workspace.write(
    Object.fromEntries(Object.entries(files).map(([name, content]) => [`plugins/${name}`, content])),
  );
  return outcome;
}

it('refuses a broken job as it does a broken plugin; the old ones serve', async () => {
  const { v, workspace, save } = await running();
  const outcome = await save({ '_job.js': 'export default (' });
  expect(outcome).toContain(`build: Unexpected end of file\n  at ${workspace.path('plugins/_job.js')}:1:`);
  expect([await v.version(), await v.job()]).toEqual([1, 10]);
  expect(await save({ '_job.js': job(20) })).toBe('reloaded');
  expect(await v.job()).toBe(20);
});

it.each([
  ['cannot be built', 'export default ('],
  ['fails in setup', plugin(2, `throw new Error('no');`)],
])('keeps the old job with the old version when the new one %s', async (_what, broken) => {
  const { v, save } = await running();
  expect(await save({ 'v.ts': broken, '_job.js': job(20) })).not.toBe('reloaded');
  expect([await v.version(), await v.job()]).toEqual([1, 10]);
});

it('goes back to the job of the build that it rolls back to', async () => {
  const { v, manager, save } = await running();
  expect(await save({ '_job.js': job(20) })).toBe('reloaded');
  expect(await v.job()).toBe(20);
  await manager.rollback('v');
  expect(await v.job()).toBe(10);
});

it('restarts with the job it had, whatever the file holds by now', async () => {
  const crash = `ctx.command('crash', {}, () => void setImmediate(() => { throw new Error('on purpose'); }));`;
  const { manager, workspace, next } = await loadedBench(
    { 'v.ts': plugin(1, crash), '_job.js': job(10) },
    { hotReload: false, defaults: { restart: { initialDelayMs: 1 } } },
  );
  const v = manager.plugin<V>('v');
  expect(await v.job()).toBe(10);
  await workspace.write({ 'plugins/_job.js': job(20) });
  const restarted = next('loaded');
  await manager.commands.dispatch('!crash', { user: 'ada', channel: 'lobby' });
  await restarted;
  expect(await v.job()).toBe(10);
});

it('has nothing to do any more with a job that the plugin has given up', async () => {
  const { v, workspace, manager, seen, save } = await running();
  const without = pluginSource('v', 'return { version: () => 2 };');
  expect(await save({ 'v.ts': without, '_job.js': 'export default (' })).toBe('reloaded');
  expect(await v.version()).toBe(2);
  await workspace.write({ 'plugins/_job.js': job(3), 'plugins/other.ts': pluginSource('other', '') });
  await until(() => manager.get('other')?.state === 'running', 'the look');
  expect(seen('reloaded')).toHaveLength(1);
});

it('has nothing to do any more with a job whose name an import now means something else by', async () => {
  const { v, workspace, save } = await running();
  await rm(workspace.path('plugins/_job.js'));
  const other = plugin(2).replace('./_job.js', './_job/index.js');
  const outcome = await save({
    'v.ts': `import { factor } from './_job';\n${other.replace('=> 2', '=> factor')}`,
    '_job/index.js': `export const factor = 20; ${job(20)}`,
  });
  expect(outcome).toBe('reloaded');
  expect([await v.version(), await v.job()]).toEqual([20, 20]);
});

it('knows jobs whose place is computed', async () => {
  const computed = plugin(1).replaceAll(`new URL('./_job.js', import.meta.url)`, 'place(1)');
  const source = `const place = (n) => new URL('./_job' + n + '.js', import.meta.url);\n${computed}`;
  const { v, workspace, save } = await running({ 'v.ts': source, '_job1.js': job(10) });
  expect(await save({ '_job1.js': 'export default (' })).toContain('Unexpected end of file');
  expect(await v.job()).toBe(10);
  await rm(workspace.path('plugins/_job1.js'));
  expect(await save({ 'v.ts': plugin(2), '_job.js': job(30) })).toBe('reloaded');
  expect(await v.job()).toBe(30);
});

it('removes the builds of jobs with those of the plugin', async () => {
  const temporary = await Workspace.create();
  vi.stubEnv('TMPDIR', temporary.root);
  onTestFinished(() => void vi.unstubAllEnvs());
  const { v, manager, save } = await running();
  const built = async () => {
    const [folder] = (await readdir(temporary.root)).filter((name) => name.startsWith('bulkhead-builds-'));
    const names = folder === undefined ? [] : await readdir(temporary.path(folder, 'v'));
    const builds = names.filter((name) => name.endsWith('.mjs'));
    return { jobs: builds.filter((name) => name.includes('_job')).length, all: builds.length };
  };
  for (let n = 2; n < 10; n++) {
    expect(await save({ '_job.js': job(n) })).toBe('reloaded');
    expect(await v.job()).toBe(n);
  }
  await vi.waitFor(async () => expect(await built()).toEqual({ jobs: 6, all: 12 }), 25_000);
  await manager.rollback('v');
  await vi.waitFor(async () => expect(await built()).toEqual({ jobs: 5, all: 10 }), 25_000);
  expect(await v.job()).toBe(8);
  await manager.unloadAll();
  expect(await built()).toEqual({ jobs: 0, all: 0 });
});
