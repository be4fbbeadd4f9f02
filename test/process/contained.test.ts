import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { expect, it } from 'vitest';
import { isRunning } from '../support/processes.ts';
import {
  type Bench,
  bench,
  benchIn,
  type Files,
  loadedBench,
  pluginSource,
  until,
  Workspace,
} from '../support/workspace.ts';

const NEIGHBOUR = pluginSource('neighbour', `return { ok: () => 'ok' };`);
const OPTIONS = {
  hotReload: false,
  defaults: { isolation: 'process', restart: { initialDelayMs: 1 } },
} as const;

type Api = Record<string, (...args: unknown[]) => unknown>;

/** A signal takes a moment, in which the call could be answered. */
const deadly = (what: string) =>
  pluginSource(
    'deadly',
    `return { die: async () => { ${what}\n await new Promise(() => {}); }, generation: () => ctx.generation };`,
  );

async function deaths(files: Files): Promise<Bench> {
  const result = await bench({ ...files, 'neighbour.ts': NEIGHBOUR }, OPTIONS);
  await result.manager.loadAll();
  return result;
}

it.each<[what: string, code: string, reason: string]>([
  ['a segmentation fault', `process.kill(process.pid, 'SIGSEGV');`, 'native-crash'],
  ['an abort', `process.kill(process.pid, 'SIGABRT');`, 'native-crash'],
  ['its own SIGKILL', `process.kill(process.pid, 'SIGKILL');`, 'killed'],
  ['its own SIGTERM', 'process.kill(process.pid);', 'killed'],
  ['an array of 100 million elements', `[...'x'.repeat(1e8)];`, 'heap-limit'],
  ['a doubling array', 'let a = [1, 2, 3]; for (;;) a = a.concat(a);', 'heap-limit'],
  // As many of them as it takes: the largest that V8 allows may fit just before the limit.
  [
    'a growing Map',
    'const maps = [new Map()]; for (let n = 0; ; n++) try { maps.at(-1).set(n, n); } catch { maps.push(new Map()); }',
    'heap-limit',
  ],
])('%s ends the process of the plugin and nothing else', async (_what, code, reason) => {
  const { manager, next } = await deaths({ 'deadly.ts': deadly(code) });
  const plugin = manager.plugin<Api>('deadly');
  const restarted = next('loaded');
  const call = Promise.resolve(plugin.die?.());
  await expect(call).rejects.toMatchObject({ code: 'ERR_PLUGIN_CRASHED', reason });
  expect(await manager.plugin<Api>('neighbour').ok?.()).toBe('ok');
  await restarted;
  expect(await plugin.generation?.()).toBe(2);
});

it('closing every descriptor ends the process of the plugin and nothing else', async () => {
  const code = `const { closeSync } = await import('node:fs');
    for (let fd = 0; fd < 60; fd++) try { closeSync(fd); } catch {}`;
  const { manager, next } = await deaths({ 'deadly.ts': deadly(code) });
  const restarted = next('loaded');
  await expect(Promise.resolve(manager.plugin<Api>('deadly').die?.())).rejects.toMatchObject({
    code: 'ERR_PLUGIN_CRASHED',
  });
  expect(await manager.plugin<Api>('neighbour').ok?.()).toBe('ok');
  await restarted;
});

it('a native addon that crashes ends the process of the plugin and nothing else', async (test) => {
  test.skip(!hasCompiler(), 'needs a C compiler: install gcc');
  const { manager, workspace, next } = await deaths({
    'deadly.ts': deadly(`const { createRequire } = await import('node:module');
    createRequire(import.meta.url)('./_addon.node');`),
    '_addon.c':
      'void *napi_register_module_v1(void *env, void *exports) { *(volatile int *)0 = 1; return exports; }\n',
  });
  const [source, addon] = [workspace.path('plugins/_addon.c'), workspace.path('plugins/_addon.node')];
  execFileSync('cc', ['-shared', '-fPIC', '-o', addon, source]);
  const restarted = next('loaded');
  await expect(Promise.resolve(manager.plugin<Api>('deadly').die?.())).rejects.toMatchObject({
    reason: 'native-crash',
  });
  await restarted;
});

it('ends what the plugin started with it', async () => {
  const code = `const { spawn } = await import('node:child_process');
    const { pid } = spawn('sleep', ['600'], { stdio: 'ignore' });
    return pid;`;
  const { manager } = await deaths({ 'deadly.ts': deadly(code) });
  const pid = Number(await manager.plugin<Api>('deadly').die?.());
  expect(isRunning(pid)).toBe(true);
  await manager.unload('deadly');
  await until(() => !isRunning(pid), 'the end of what it started');
});

it('gives the plugin the environment it was granted and a folder of its own, which is removed', async () => {
  process.env.GRANTED = 'yes';
  const source = pluginSource(
    'sees',
    `return {
      env: () => ({ ...process.env }),
      all: async () => (await import('node:fs')).readFileSync('/proc/self/environ', 'utf8'),
      cwd: () => process.cwd(),
      argv: () => process.argv.slice(2),
    };`,
  );
  const { manager } = await loadedBench(
    { 'sees.ts': source },
    { ...OPTIONS, defaults: { ...OPTIONS.defaults, env: ['GRANTED'] } },
  );
  const sees = manager.plugin<Api>('sees');
  expect(await sees.env?.()).toEqual({ GRANTED: 'yes' });
  expect(await sees.all?.()).toBe('');
  expect(await sees.argv?.()).toEqual([]);
  const cwd = String(await sees.cwd?.());
  expect(cwd).toContain(tmpdir());
  expect(readdirSync(cwd)).toEqual([]);
  await manager.unloadAll();
  await until(() => !existsSync(cwd), 'the removal of the folder');
});

it('goes on with the old generation if no process can be started', async () => {
  const { manager } = await loadedBench(
    { 'a.ts': pluginSource('a', 'return { generation: () => ctx.generation };') },
    { ...OPTIONS, standbys: 0 },
  );
  const { execPath } = process;
  process.execPath = '/no/such/node';
  try {
    await expect(manager.reload('a')).rejects.toMatchObject({
      code: 'ERR_PLUGIN_LOAD',
      message: expect.stringContaining('/no/such/node'),
    });
  } finally {
    process.execPath = execPath;
  }
  expect(await manager.plugin<Api>('a').generation?.()).toBe(1);
  await manager.reload('a');
  expect(await manager.plugin<Api>('a').generation?.()).toBe(2);
});

it('reports no usage of a process that ended before it told of any', async () => {
  const workspace = await Workspace.create({ 'plugins/a.ts': pluginSource('a', '') });
  const { manager } = benchIn(workspace, { ...OPTIONS, standbys: 0, crashDir: workspace.path('crashes') });
  const { execPath } = process;
  process.execPath = '/bin/false';
  try {
    const { failed } = await manager.loadAll();
    expect(failed).toMatchObject([{ error: { code: 'ERR_PLUGIN_LOAD' } }]);
  } finally {
    process.execPath = execPath;
  }
  await manager.unloadAll();
  const [file = ''] = readdirSync(workspace.path('crashes/a'));
  const report = JSON.parse(readFileSync(workspace.path('crashes/a', file), 'utf8'));
  expect(report).toMatchObject({ plugin: 'a', reason: 'exit' });
  expect(report).not.toHaveProperty('usage');
});

it.runIf(process.platform === 'linux')(
  'ends the thread of an aborted job that allocates in a loop, which some versions of V8 make one that cannot be ended',
  async () => {
    const user = pluginSource(
      'user',
      `return {
        run: (signal: AbortSignal) => ctx.offload(new URL('./_job.ts', import.meta.url), 0, { signal }),
        threads: () => readdirSync('/proc/self/task').length,
      };`,
    );
    const job = `export default () => {
      let kept: unknown;
      setTimeout(() => { for (;;) kept = new Array(100).fill(0); });
      console.log('under way');
      return new Promise(() => kept);
    };`;
    const { manager } = await loadedBench(
      { 'user.ts': `import { readdirSync } from 'node:fs';\n${user}`, '_job.ts': job },
      OPTIONS,
    );
    const plugin = manager.plugin<{ run(signal: AbortSignal): void; threads(): number }>('user');
    const before = await plugin.threads();
    const controller = new AbortController();
    const started = new Promise((resolve) => manager.on('log', resolve));
    const rejected = expect(plugin.run(controller.signal)).rejects.toThrow('enough');
    await started;
    expect(await plugin.threads()).toBeGreaterThan(before);
    controller.abort(new Error('enough'));
    await rejected;
    await until(async () => (await plugin.threads()) <= before, 'the end of its thread');
  },
);

it('says which tier a plugin runs in, and keeps standbys for both', async () => {
  const { manager } = await loadedBench(
    { 'a.ts': pluginSource('a', ''), 'b.ts': pluginSource('b', 'return { pid: () => process.pid };') },
    { hotReload: false, defaults: { isolation: 'thread' }, plugins: { b: { isolation: 'process' } } },
  );
  expect(manager.list().map(({ name, tier }) => [name, tier])).toEqual([
    ['a', 'thread'],
    ['b', 'process'],
  ]);
  const pid = await manager.plugin<Api>('b').pid?.();
  expect(pid).not.toBe(process.pid);
  await until(() => children().length === 2, 'a standby');
  const before = children();
  await manager.reload('b');
  expect(before).toContain(await manager.plugin<Api>('b').pid?.());
  await manager.unloadAll();
  expect(children()).toEqual([]);
});

function hasCompiler(): boolean {
  try {
    execFileSync('cc', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Processes of plugins that this process has started. */
function children(): number[] {
  const list = execFileSync('ps', ['-o', 'pid=,args=', '--ppid', String(process.pid)], { encoding: 'utf8' });
  return list
    .split('\n')
    .filter((line) => line.includes('child/entry.cjs'))
    .map((line) => Number.parseInt(line, 10));
}
