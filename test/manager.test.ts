import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { inspect, promisify } from 'node:util';
import { PluginManager } from 'bulkhead';
import { expect, it, onTestFinished, vi } from 'vitest';
import { bench, benchIn, loadedBench, pluginSource, until, Workspace } from './support/workspace.ts';

const OFF = { hotReload: false };
const run = promisify(execFile);

it('loads although only one at a time: a broken or endless one holds up nobody and the result says why', async () => {
  const { manager } = await bench(
    {
      'good.ts': pluginSource('good', ''),
      'broken.ts': 'export default (',
      'endless.ts': pluginSource('endless', 'await new Promise(() => {});').replace(
        'setup(ctx)',
        'async setup(ctx)',
      ),
      'throws.ts': pluginSource('throws', `throw new Error('no luck');`),
      'folder/readme.txt': 'nothing to run',
    },
    { ...OFF, concurrency: 1, defaults: { startMs: 5_000, restart: { initialDelayMs: 60_000 } } },
  );
  const loading = manager.loadAll();
  await until(() => manager.get('good')?.state === 'running', 'the good one');
  expect(manager.get('endless')?.state).toBe('starting');
  const { loaded, failed, waiting } = await loading;
  expect({ loaded, waiting }).toEqual({ loaded: ['good'], waiting: [] });
  expect(
    Object.fromEntries(failed.map(({ name, error }) => [name, (error as { code?: string }).code])),
  ).toEqual({
    broken: 'ERR_PLUGIN_BUILD',
    endless: 'ERR_PLUGIN_SETUP_TIMEOUT',
    throws: 'ERR_PLUGIN_SETUP',
    folder: 'ERR_PLUGIN_ENTRY',
  });
  expect(manager.get('broken')?.state).toBe('failed');
  expect(manager.get('throws')?.state).toBe('backoff');
});

it('refuses one plugin too many', async () => {
  const { manager } = await bench(
    { 'a.ts': pluginSource('a', ''), 'b.ts': pluginSource('b', '') },
    { ...OFF, maxPlugins: 1, concurrency: 1 },
  );
  const { loaded, failed } = await manager.loadAll();
  expect(loaded).toHaveLength(1);
  expect(failed).toMatchObject([{ error: { code: 'ERR_MAX_PLUGINS' } }]);
});

it('answers every method called twice, at once and in the wrong state with what one would expect', async () => {
  const { manager } = await bench({ 'a.ts': pluginSource('a', 'return { n: () => ctx.generation };') }, OFF);
  const [first, second] = await Promise.all([manager.loadAll(), manager.loadAll()]);
  expect([first.loaded, second.loaded]).toEqual([['a'], ['a']]);
  await Promise.all([manager.load('a'), manager.reload('a'), manager.reload('a')]);
  expect(manager.get('a')?.generation).toBe(3);
  await Promise.all([manager.unload('a'), manager.unload('a')]);
  expect(manager.get('a')?.state).toBe('stopped');
  await Promise.all([manager.disable('a'), manager.disable('a')]);
  expect(manager.get('a')?.state).toBe('disabled');
  await expect(manager.load('a')).rejects.toMatchObject({ code: 'ERR_PLUGIN_DISABLED' });
  await expect(manager.reload('a')).rejects.toMatchObject({ code: 'ERR_PLUGIN_DISABLED' });
  await Promise.all([manager.enable('a'), manager.enable('a')]);
  expect(manager.get('a')?.state).toBe('running');
  await Promise.all([manager.unloadAll(), manager.unloadAll()]);
  expect(manager.list()).toEqual([]);
  await expect(manager.reload('b')).rejects.toMatchObject({ code: 'ERR_PLUGIN_NOT_FOUND' });
  expect((await manager.loadAll()).loaded).toEqual(['a']);
});

it('unloads at once what is still being set up, loaded or reloaded', async () => {
  const endless = pluginSource('slow', 'await new Promise(() => {});').replace(
    'setup(ctx)',
    'async setup(ctx)',
  );
  const { manager, workspace } = await bench(
    {
      'slow.ts': endless,
      'stuck.ts': 'await new Promise(() => {}); export default 1;',
      'fine.ts': pluginSource('fine', ''),
    },
    OFF,
  );
  const loading = manager.loadAll();
  await until(() => manager.get('slow')?.state === 'starting', 'the endless setup');
  await until(() => manager.get('fine')?.state === 'running', 'the other');
  await manager.unload('slow');
  expect(manager.get('slow')?.state).toBe('stopped');
  await writeFile(workspace.path('plugins/fine.ts'), endless.replace(`name: 'slow'`, `name: 'fine'`));
  const reload = manager.reload('fine').catch((error: unknown) => error);
  await until(() => manager.get('fine')?.state === 'reloading', 'the reload');
  await manager.unloadAll();
  expect(await reload).toBeInstanceOf(Error);
  expect((await loading).loaded).toEqual(['fine']);
});

it('is disposed of with `await using`, and leaves nothing that keeps the process alive', async () => {
  const workspace = await Workspace.create({
    'plugins/busy.ts': pluginSource(
      'busy',
      `ctx.every(5, () => {}); ctx.timeout(600_000, () => {}); ctx.on('>', () => {}); setInterval(() => {}, 1);
    return { offload: () => ctx.offload(new URL('./_job.ts', import.meta.url), 1) };`,
    ),
    'plugins/_job.ts': 'export default (n: number) => n + 1;',
    'main.mjs': `
import { PluginManager } from ${JSON.stringify(new URL('../dist/index.js', import.meta.url).href)};
// The pipes of the standard streams, and of esbuild's service process, which lets the process end.
const resources = () => process.getActiveResourcesInfo().filter((name) => !['FSReqCallback', 'PipeWrap', 'CloseReq'].includes(name)).sort().join();
const before = resources();
{
  const manager = new PluginManager({ pluginDir: new URL('./plugins', import.meta.url).pathname });
  await manager.loadAll();
  await manager.plugin('busy').offload();
  await manager.reload('busy');
  await manager[Symbol.asyncDispose ?? Symbol.for('nodejs.asyncDispose')]();
}
await new Promise(setImmediate);
console.log(JSON.stringify({ before, after: resources() }));
`,
  });
  const { stdout } = await run(process.execPath, [workspace.path('main.mjs')], { timeout: 20_000 });
  const { before, after } = JSON.parse(stdout.trim().split('\n').at(-1) as string);
  expect(after).toBe(before);
});

it.each([
  [undefined, 'Wrong options of PluginManager: Invalid input: expected object'],
  [{}, `'pluginDir': is required: a directory (a path or a file: URL), or a list of directories`],
  [{ pluginDir: new URL('https://example.org/plugins') }, `'pluginDir': is required: a directory (a path`],
  [{ pluginDir: ['x', 5] }, `'pluginDir`],
  [{ pluginDir: 5 }, `'pluginDir'`],
  [{ pluginDir: 'x', hotRelaod: true }, `unknown name 'hotRelaod' (did you mean 'hotReload'?)`],
  [
    { pluginDir: 'x', hotReload: { debounce: 5 } },
    `unknown name 'hotReload.debounce' (did you mean 'debounceMs'?)`,
  ],
  [{ pluginDir: 'x', hotReload: { debounceMs: 'soon' } }, `'hotReload.debounceMs'`],
  [{ pluginDir: 'x', hotReload: 5 }, `'hotReload': expected true, false or an object of options`],
  [
    { pluginDir: 'x', defaults: { heapMb: 64 } },
    `unknown name 'defaults.heapMb' (did you mean 'limits.heapMb'?)`,
  ],
  [
    { pluginDir: 'x', plugins: { dice: { limits: { heap: 5 } } } },
    `unknown name 'plugins.dice.limits.heap' (did you mean 'heapMb'?)`,
  ],
  [{ pluginDir: 'x', plugins: { dice: { restart: { type: 'sometimes' } } } }, `'plugins.dice.restart.type'`],
  [
    {
      pluginDir: 'x',
      bot: new (class Client {
        send() {}
      })(),
    },
    `'bot' is a Client without own functions`,
  ],
  [{ pluginDir: 'x', bot: { send() {}, a: 5 } }, `'bot.a': expected a function, got number`],
  [{ pluginDir: 'x', logger: console.log }, `'logger'`],
])('refuses the options %j and says why', (options, text) => {
  expect(() => new PluginManager(options as never)).toThrow(
    expect.objectContaining({ code: 'ERR_INVALID_OPTIONS', message: expect.stringContaining(text) }),
  );
});

it('takes directories as paths and as URLs', async () => {
  const workspace = await Workspace.create({
    'my plugins/a.ts': pluginSource('a', ''),
    'b/b.ts': pluginSource('b', ''),
    'c/c.ts': pluginSource('c', ''),
  });
  const pluginDir = [
    pathToFileURL(workspace.path('my plugins/')),
    pathToFileURL(workspace.path('b')).href,
    workspace.path('c'),
  ];
  const { manager } = benchIn(workspace, { pluginDir, ...OFF });
  const { loaded, failed } = await manager.loadAll();
  expect({ loaded: loaded.sort(), failed }).toEqual({ loaded: ['a', 'b', 'c'], failed: [] });
  expect(manager.get('a')?.file).toBe(workspace.path('my plugins/a.ts'));
});

it.each([
  ['its file', 'ERR_PLUGIN_BUILD'],
  ['its configuration', 'ERR_PLUGIN_CONFIG'],
])('leaves a plugin alone that was unloaded and cannot be loaded because of %s', async (what, code) => {
  const schema = `config: { '~standard': { version: 1, vendor: 'x', validate: (v) => v.bad ? { issues: [{ message: 'bad' }] } : { value: v } } },`;
  const { manager, workspace, seen } = await loadedBench(
    { 'a.ts': pluginSource('a', '', schema) },
    { ...OFF, defaults: { restart: { initialDelayMs: 1 } } },
  );
  await manager.unload('a');
  if (what === 'its file') await workspace.write({ 'plugins/a.ts': 'export default (' });
  else await manager.configure('a', { bad: true });
  await expect(manager.load('a')).rejects.toMatchObject({ code });
  expect(manager.get('a')).toMatchObject({ state: 'failed', crashes: 0 });
  await expect(manager.enable('a')).rejects.toMatchObject({ code });
  expect(seen('restarting')).toEqual([]);
  await workspace.write({ 'plugins/a.ts': pluginSource('a', '', schema) });
  await manager.configure('a', {});
  expect(manager.get('a')?.state).toBe('running');
});

it('finds what lies in the directory before everything is loaded', async () => {
  const config = pluginSource('a', 'return { config: () => ctx.config };');
  const { manager } = await bench(
    { 'a.ts': config, 'b.ts': pluginSource('b', ''), 'c.ts': pluginSource('c', '') },
    OFF,
  );
  await manager.configure('a', { set: 1 });
  await manager.disable('b');
  await manager.clearState('a');
  expect(manager.list().map(({ name, state }) => [name, state])).toEqual([
    ['a', 'discovered'],
    ['b', 'disabled'],
  ]);
  await manager.reload('c');
  await expect(manager.enable('d')).rejects.toMatchObject({ code: 'ERR_PLUGIN_NOT_FOUND' });
  expect((await manager.loadAll()).loaded).toEqual(['a', 'c']);
  expect(await manager.plugin<{ config(): unknown }>('a').config()).toEqual({ set: 1 });
  expect(manager.get('c')).toMatchObject({ state: 'running', generation: 1 });
});

it('reloads nothing for a configuration that the plugin has already', async () => {
  const { manager, seen } = await loadedBench(
    { 'a.ts': pluginSource('a', '') },
    { ...OFF, config: { a: { set: [1] } } },
  );
  await manager.configure('a', { set: [1] });
  expect(seen('reloaded')).toEqual([]);
  await manager.configure('a', { set: [2] });
  expect(seen('reloaded')).toHaveLength(1);
});

it('takes an option that is undefined for one that is not given', async () => {
  const { manager, log } = await bench(
    { 'a.ts': pluginSource('a', 'return { ok: () => true };') },
    {
      hotReload: { enabled: undefined, debounceMs: undefined },
      defaults: { limits: { heapMb: undefined }, hangMs: undefined },
      plugins: { a: { startMs: undefined, callTimeoutMs: undefined, isolation: undefined } },
    },
  );
  expect((await manager.loadAll()).failed).toEqual([]);
  expect(await manager.plugin<{ ok(): boolean }>('a').ok()).toBe(true);
  expect(manager.hotReload.isEnabled).toBe(true);
  expect(log.filter(({ level }) => level === 'warn')).toEqual([]);
});

it('refuses a budget that is none', async () => {
  const { manager } = await loadedBench({ 'a.ts': pluginSource('a', '') }, OFF);
  for (const timeoutMs of [Number.NaN, -1, '5'])
    await expect(manager.unloadAll({ timeoutMs: timeoutMs as number })).rejects.toMatchObject({
      code: 'ERR_INVALID_ARGUMENT',
    });
  expect(manager.get('a')?.state).toBe('running');
});

it('refuses a rollback to another state than the one there is to go back to', async () => {
  const { manager } = await loadedBench({ 'a.ts': pluginSource('a', '') }, OFF);
  for (const state of ['typo', true, null])
    await expect(manager.rollback('a', { state: state as 'snapshot' })).rejects.toMatchObject({
      code: 'ERR_INVALID_ARGUMENT',
      message: expect.stringContaining(`expected 'snapshot' or nothing, got ${inspect(state)}`),
    });
  await expect(manager.rollback('a', { state: undefined })).rejects.toMatchObject({
    code: 'ERR_NO_ROLLBACK',
  });
});

it('refuses options that a function does not have, and what is no options', async () => {
  const { manager } = await loadedBench({ 'a.ts': pluginSource('a', '') }, OFF);
  const calls = (options: never) => [
    manager.unloadAll(options),
    manager.rollback('a', options),
    manager.heapSnapshot('a', options),
    manager.cpuProfile('a', 1, options),
  ];
  for (const options of [{ timeout: 5 }, 5, null, 'snapshot'])
    for (const call of calls(options as never))
      await expect(call).rejects.toMatchObject({
        code: 'ERR_INVALID_ARGUMENT',
        message: expect.stringMatching(
          /^(unloadAll has the options timeoutMs|rollback has the options state|(heapSnapshot|cpuProfile) has the options file); got /,
        ),
      });
  expect(manager.get('a')?.state).toBe('running');
});

it('refuses what cannot be the name of a plugin', async () => {
  const { manager } = await loadedBench({ 'a.ts': pluginSource('a', '') }, OFF);
  const calls: ((name: never) => unknown)[] = [
    async (name) => manager.get(name),
    async (name) => manager.plugin(name),
    (name) => manager.load(name),
    (name) => manager.unload(name),
    (name) => manager.reload(name),
    (name) => manager.enable(name),
    (name) => manager.disable(name),
    (name) => manager.rollback(name),
    (name) => manager.rollback(name, { state: 'none' as 'snapshot' }),
    (name) => manager.configure(name, 1),
    (name) => manager.clearState(name),
    (name) => manager.heapSnapshot(name),
    (name) => manager.cpuProfile(name, 1),
    (name) => manager.cpuProfile(name, 0),
  ];
  for (const name of [Symbol('a'), 5, undefined, null, ['a'], Object.create(null)])
    for (const call of calls)
      await expect(call(name as never)).rejects.toMatchObject({
        code: 'ERR_INVALID_ARGUMENT',
        message: `Expected the name of a plugin, got ${inspect(name)}`,
      });
  expect(manager.list().map(({ name, state }) => [name, state])).toEqual([['a', 'running']]);
});

it('refuses to listen to a status that does not exist', async () => {
  const { manager } = await bench({}, OFF);
  expect(() => manager.on('nosuch' as never, () => {})).toThrow(
    expect.objectContaining({
      code: 'ERR_INVALID_ARGUMENT',
      message: expect.stringContaining('there are: loaded, '),
    }),
  );
  expect(() => manager.on('reloadFailed' as never, () => {})).toThrow(`did you mean 'reload-failed'?`);
});

it('warns of options and configuration for plugins that are not there', async () => {
  const { log } = await loadedBench(
    { 'dice.ts': pluginSource('dice', ''), 'folder/readme.txt': 'no plugin' },
    { ...OFF, config: { dcie: 1, dice: 1, folder: 1 }, plugins: { ghost: {} } },
  );
  expect(log.filter(({ level }) => level === 'warn').map(({ text }) => text)).toEqual([
    "config.dcie: there is no plugin in a file or folder 'dcie' (did you mean 'dice'?)",
    "plugins.ghost: there is no plugin in a file or folder 'ghost'",
  ]);
});

it('logs the cause of an error beside its message, not once more in it', async () => {
  const workspace = await Workspace.create({
    'plugins/late.ts': pluginSource('late', `setImmediate(() => { throw new RangeError('later!'); });`),
    'main.mjs': `
import { PluginManager } from ${JSON.stringify(new URL('../dist/index.js', import.meta.url).href)};
const manager = new PluginManager({ pluginDir: new URL('./plugins', import.meta.url).pathname, hotReload: false });
const crashed = new Promise((resolve) => manager.on('crashed', resolve));
await manager.loadAll();
await crashed;
await manager.unloadAll();
`,
  });
  const { stderr } = await run(process.execPath, [workspace.path('main.mjs')], { timeout: 20_000 });
  const lines = stderr
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const { err } = lines.find(({ reason }) => reason === 'uncaught-exception');
  expect(err).toMatchObject({ message: expect.stringMatching(/uncaught RangeError: later!$/) });
  expect(err.cause).toMatchObject({
    message: 'later!',
    stack: expect.stringContaining('plugins/late.ts:5:'),
  });
});

it('publishes status events on diagnostics_channel too', async () => {
  const { subscribe, unsubscribe } = await import('node:diagnostics_channel');
  const seen: unknown[] = [];
  const listener = (message: unknown) => void seen.push(message);
  subscribe('bulkhead:loaded', listener);
  await loadedBench({ 'a.ts': pluginSource('a', '') }, OFF);
  unsubscribe('bulkhead:loaded', listener);
  expect(seen).toMatchObject([{ name: 'a', generation: 1, version: '1.0.0' }]);
});

it('delivers events although other plugins of the directory were never loaded', async () => {
  const { manager } = await bench(
    {
      'a.ts': pluginSource('a', `ctx.on('news', () => {});`),
      'b.ts': pluginSource('b', `ctx.on('news', () => {});`),
    },
    OFF,
  );
  await manager.load('a');
  await manager.configure('b', {});
  expect(await manager.emit('news', {})).toMatchObject({ delivered: ['a'], failed: [] });
  expect(manager.get('b')?.state).toBe('discovered');
  await manager.load('b');
  expect((await manager.emit('news', {})).delivered.sort()).toEqual(['a', 'b']);
});

it('unloads within one budget, of which teardown gets its part, and names what was cut', async () => {
  const calls: string[] = [];
  const { manager, log } = await loadedBench(
    {
      'slow.ts': pluginSource(
        'slow',
        `ctx.on('news', () => new Promise(() => {}));
    ctx.onTeardown(async () => { await ctx.bot.note('teardown begun'); await ctx.bot.note('teardown done'); });`,
      ),
    },
    {
      ...OFF,
      defaults: { drainMs: 600_000, teardownMs: 600_000 },
      bot: { note: (text: string) => void calls.push(text) },
    },
  );
  await manager.emit('news');
  const unloading = manager.unloadAll();
  await manager.unloadAll({ timeoutMs: 300 });
  await unloading;
  expect(calls).toEqual(['teardown begun', 'teardown done']);
  expect(
    log.find(({ text }) => /1 calls or events did not end within \d+ ms and were cut/.test(text)),
  ).toBeDefined();
});

it.runIf(process.platform === 'linux')('has standbys again after unloadAll and loadAll', async () => {
  const { manager } = await bench({ 'a.ts': pluginSource('a', '') }, { ...OFF, standbys: 2 });
  const threads = () => new Set(readdirSync('/proc/self/task')).size;
  await manager.loadAll();
  const first = threads();
  await manager.unloadAll();
  await manager.loadAll();
  await until(() => threads() >= first, 'as many threads as before');
});

it('makes its temporary directory when it can, if it could not before', async () => {
  const workspace = await Workspace.create({ 'plugins/a.ts': pluginSource('a', '') });
  vi.stubEnv('TMPDIR', workspace.path('missing'));
  onTestFinished(() => void vi.unstubAllEnvs());
  const { manager } = benchIn(workspace, { hotReload: false });
  expect((await manager.loadAll()).failed).toMatchObject([
    { error: { message: expect.stringContaining('ENOENT') } },
  ]);
  await workspace.write({ 'missing/none': '' });
  await manager.load('a');
  await manager.unloadAll();
});

it('can be logged and printed as what it is: the functions of a plugin', async () => {
  const { manager } = await loadedBench({ 'a.ts': pluginSource('a', '') }, { hotReload: false });
  const a = manager.plugin<object>('a');
  expect([`${a}`, JSON.stringify({ a })]).toEqual(["plugin 'a'", '{"a":{}}']);
});

it('tells each listener of an event once, whoever comes and goes meanwhile', async () => {
  const { manager } = await bench(
    {
      'a.ts': pluginSource(
        'a',
        `const heard: string[] = [];
        let off = () => {};
        const again = () => { heard.push('again'); off(); off = ctx.on('x', again); };
        off = ctx.on('x', again);
        return { heard: () => heard };`,
      ),
    },
    { hotReload: false },
  );
  const heard: string[] = [];
  let off = () => {};
  const again = () => {
    heard.push('again');
    off();
    off = manager.on('loaded', again);
  };
  off = manager.on('loaded', again);
  const twice = () => void heard.push('twice');
  const offOne = manager.on('loaded', twice);
  manager.on('loaded', twice);
  await manager.loadAll();
  expect(heard.sort()).toEqual(['again', 'twice', 'twice']);
  offOne();
  await manager.unload('a');
  await manager.load('a');
  expect(heard.sort()).toEqual(['again', 'again', 'twice', 'twice', 'twice']);
  await manager.emit('x');
  expect(await manager.plugin<{ heard(): string[] }>('a').heard()).toEqual(['again']);
  await manager.emit('x');
  expect(await manager.plugin<{ heard(): string[] }>('a').heard()).toEqual(['again', 'again']);
  for (const listener of [undefined as never, function* () {}])
    expect(() => manager.on('loaded', listener)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' }),
    );
});
