import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, existsSync } from 'node:fs';
import { readFile, symlink } from 'node:fs/promises';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { ISOLATION, loadedBench, pluginSource, until } from '../support/workspace.ts';

it('writes the heap of a running plugin to a file, and the plugin goes on', async () => {
  const setup = `class KeptByThePlugin { text = 'a' } const kept = new KeptByThePlugin(); return { text: () => kept.text };`;
  const { manager, workspace } = await loadedBench(
    { 'a.ts': pluginSource('a', setup) },
    { hotReload: false },
  );
  const file = workspace.path('a.heapsnapshot');
  expect(await manager.heapSnapshot('a', { file })).toBe(file);
  const { nodes, edges, strings } = JSON.parse(await readFile(file, 'utf8'));
  expect(strings).toContain('KeptByThePlugin');
  expect(nodes.length).toBeGreaterThan(0);
  expect(edges.length).toBeGreaterThan(0);
  expect(await manager.plugin<{ text(): string }>('a').text()).toBe('a');
});

it('says why there is none', async () => {
  const { manager, workspace } = await loadedBench({ 'a.ts': pluginSource('a', '') }, { hotReload: false });
  await expect(manager.heapSnapshot('b')).rejects.toMatchObject({ code: 'ERR_PLUGIN_NOT_FOUND' });
  await expect(
    manager.heapSnapshot('a', { file: workspace.path('no/such/folder/a.heapsnapshot') }),
  ).rejects.toMatchObject({ code: 'ENOENT' });
  for (const file of ['', 5, null])
    await expect(manager.heapSnapshot('a', { file: file as string })).rejects.toMatchObject({
      code: 'ERR_INVALID_ARGUMENT',
      message: expect.stringContaining('expected the path of a file'),
    });
  await manager.unload('a');
  await expect(manager.heapSnapshot('a')).rejects.toMatchObject({ code: 'ERR_PLUGIN_UNAVAILABLE' });
});

it('writes a profile of a running plugin, in the author’s lines', async () => {
  // One line of its author, several of what is built of it.
  const setup = `function burn(ms: number) { const end = Date.now() + ms; while (Date.now() < end) { for (let n = 0; n < 5_000; n += 1) Math.sin(n); for (let n = 0; n < 5_000; n += 1) Math.cos(n); } }
    return { work: (ms: number) => burn(ms) };`;
  const { manager, workspace } = await loadedBench(
    { 'a.ts': pluginSource('a', setup) },
    { hotReload: false },
  );
  const plugin = manager.plugin<{ work(ms: number): void }>('a');
  const file = workspace.path('a.cpuprofile');
  let isOver = false;
  const profiles = Promise.all([
    manager.cpuProfile('a', 300, { file }),
    manager.cpuProfile('a', 100, { file: workspace.path('b.cpuprofile') }),
  ]).finally(() => {
    isOver = true;
  });
  while (!isOver) await plugin.work(10);
  expect(await profiles).toEqual([file, workspace.path('b.cpuprofile')]);
  for (const path of await profiles) {
    const { nodes, samples } = JSON.parse(await readFile(path, 'utf8')) as {
      nodes: {
        callFrame: { functionName: string; url: string; lineNumber: number };
        positionTicks?: { line: number; ticks: number }[];
        hitCount: number;
      }[];
      samples: number[];
    };
    expect(samples.length).toBeGreaterThan(0);
    const burn = nodes.find(({ callFrame }) => callFrame.functionName === 'burn');
    expect(burn?.callFrame).toMatchObject({
      url: pathToFileURL(workspace.path('plugins/a.ts')).href,
      lineNumber: 4,
    });
    const working = nodes.filter(({ callFrame: { functionName } }) => functionName === 'burn');
    for (const { positionTicks, hitCount } of working)
      expect(positionTicks).toEqual([{ line: 5, ticks: hitCount }]);
  }
});

it('rejects a profile of a time that is none, and of a plugin that is reloaded or dies meanwhile', async () => {
  const { manager } = await loadedBench(
    { 'a.ts': pluginSource('a', 'return { die: () => process.exit(1) };') },
    { hotReload: false },
  );
  for (const ms of [0, -1, Number.NaN, 600_001])
    await expect(manager.cpuProfile('a', ms)).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
  const whileReloaded = expect(manager.cpuProfile('a', 60_000)).rejects.toMatchObject({
    code: 'ERR_PLUGIN_RELOADED',
  });
  await manager.reload('a');
  await whileReloaded;
  const whileDying = expect(manager.cpuProfile('a', 60_000)).rejects.toMatchObject({
    code: 'ERR_PLUGIN_CRASHED',
  });
  await manager
    .plugin<{ die(): void }>('a')
    .die()
    .catch(() => {});
  await whileDying;
});

it('removes nothing that it could not open', async () => {
  const { manager, workspace } = await loadedBench({ 'a.ts': pluginSource('a', '') }, { hotReload: false });
  const folder = workspace.path('plugins');
  await expect(manager.heapSnapshot('a', { file: folder })).rejects.toMatchObject({ code: 'EISDIR' });
});

it.runIf(ISOLATION === 'process')('rejects a snapshot of a process that is killed meanwhile', async () => {
  const { manager, workspace } = await loadedBench(
    { 'a.ts': pluginSource('a', 'return { pid: () => process.pid };') },
    { hotReload: false },
  );
  const pid = await manager.plugin<{ pid(): number }>('a').pid();
  const snapshot = manager.heapSnapshot('a', { file: workspace.path('a.heapsnapshot') });
  process.kill(pid, 'SIGKILL');
  await expect(snapshot).rejects.toMatchObject({ code: 'ERR_PLUGIN_CRASHED' });
});

it.each([
  ...(ISOLATION === 'process' ? [['is killed', 'ERR_PLUGIN_CRASHED', 'kill'] as const] : []),
  ['dies', 'ERR_PLUGIN_CRASHED', 'exit'],
  ['is reloaded', 'ERR_PLUGIN_RELOADED', 'reload'],
  ['is unloaded', 'ERR_PLUGIN_STOPPED', 'unload'],
  ['ends with all others', 'ERR_PLUGIN_STOPPED', 'unloadAll'],
] as const)(
  'says whose snapshot was cut when its plugin %s before all of it has come',
  async (_, code, end) => {
    const setup = 'return { pid: () => process.pid, exit: () => process.exit(1) };';
    const { manager, workspace } = await loadedBench(
      { 'a.ts': pluginSource('a', setup) },
      { hotReload: false },
    );
    const a = manager.plugin<{ pid(): number; exit(): void }>('a');
    const pid = await a.pid();
    // As slow as it takes: nobody reads on.
    const file = workspace.path('pipe');
    execFileSync('mkfifo', [file]);
    const reader = createReadStream(file);
    const snapshot = manager.heapSnapshot('a', { file });
    const cut = expect(snapshot).rejects.toMatchObject({ code, plugin: 'a', generation: 1 });
    await once(reader, 'readable');
    if (end === 'kill') process.kill(pid, 'SIGKILL');
    else if (end === 'exit') await a.exit().catch(() => {});
    else if (end === 'unloadAll') await manager.unloadAll();
    else await manager[end]('a');
    reader.resume();
    await cut;
  },
);

it('does not count a snapshot among what the plugin may use, neither while it is read nor afterwards', async () => {
  const setup = `const kept = Array.from({ length: 200_000 }, (_, n) => ({ n })); return { kept: () => kept.length };`;
  const { manager, workspace } = await loadedBench(
    { 'a.ts': pluginSource('a', setup) },
    { hotReload: false, defaults: { limits: { externalMb: 4 } } },
  );
  const a = manager.plugin<{ kept(): number }>('a');
  /** Its usage is told anew, and judged, several times. */
  const isJudged = async () => {
    const told = new Set<unknown>();
    await until(async () => {
      await a.kept();
      return told.add(manager.get('a')?.usage?.loopUtilization).size > 3;
    }, 'what it uses');
  };
  const file = workspace.path('pipe');
  execFileSync('mkfifo', [file]);
  const reader = createReadStream(file);
  const written = manager.heapSnapshot('a', { file });
  await once(reader, 'readable');
  await isJudged();
  reader.resume();
  expect(await written).toBe(file);
  await isJudged();
  expect(manager.get('a')).toMatchObject({ generation: 1, crashes: 0 });
});

it.each([
  ['does not end', 'new Uint8Array(1e7)', { code: 'ERR_VALUE_TOO_LARGE' }],
  ['is none', '5', { code: 'ERR_PLUGIN_CRASHED', reason: 'protocol-violation' }],
  ['is empty', 'new Uint8Array()', { code: 'ERR_PLUGIN_CRASHED', reason: 'protocol-violation' }],
])('refuses a snapshot that %s', async (_, piece, error) => {
  const tampered = `const { splice } = Array.prototype;
    Array.prototype.splice = function (...args) {
      return this[0] instanceof Uint8Array ? [${piece}] : splice.apply(this, args);
    };`;
  const { manager, workspace } = await loadedBench(
    { 'a.js': pluginSource('a', tampered) },
    { hotReload: false, defaults: { limits: { heapMb: 16 } } },
  );
  const file = workspace.path('a.heapsnapshot');
  await expect(manager.heapSnapshot('a', { file })).rejects.toMatchObject(error);
  expect(existsSync(file)).toBe(false);
});

it('leaves a file alone that is there if there is no snapshot', async () => {
  const { manager, workspace } = await loadedBench(
    { 'a.ts': pluginSource('a', 'return { stick: () => { for (;;); } };') },
    { hotReload: false, defaults: { drainMs: 1, teardownMs: 1 } },
  );
  await workspace.write({ 'a.heapsnapshot': 'of yesterday' });
  const file = workspace.path('a.heapsnapshot');
  Promise.resolve(manager.plugin<{ stick(): void }>('a').stick()).catch(() => {});
  const refused = expect(manager.heapSnapshot('a', { file })).rejects.toMatchObject({
    code: 'ERR_PLUGIN_STOPPED',
  });
  await manager.unloadAll();
  await refused;
  expect(await readFile(file, 'utf8')).toBe('of yesterday');
});

it.runIf(ISOLATION === 'process')('leaves nothing of a snapshot that was cut', async () => {
  const setup = `const kept = Array.from({ length: 200_000 }, (_, n) => ({ n }));
    return { pid: () => process.pid, kept: () => kept.length };`;
  const { manager, workspace } = await loadedBench(
    { 'a.ts': pluginSource('a', setup) },
    { hotReload: false },
  );
  const pid = await manager.plugin<{ pid(): number }>('a').pid();
  const file = workspace.path('a.heapsnapshot');
  const snapshot = manager.heapSnapshot('a', { file });
  const cut = expect(snapshot).rejects.toMatchObject({ plugin: 'a' });
  await until(() => existsSync(file), 'the beginning of the file');
  process.kill(pid, 'SIGKILL');
  await manager.unloadAll();
  expect(existsSync(file)).toBe(false);
  await cut;
});

it('keeps the host from nothing while it takes and reads a snapshot', async () => {
  const setup = `const kept = Array.from({ length: 150_000 }, (_, n) => ({ n }));
    return { kept: () => kept.length };`;
  const { manager, workspace } = await loadedBench(
    { 'a.ts': pluginSource('a', setup) },
    { hotReload: false },
  );
  const delays = monitorEventLoopDelay({ resolution: 5 });
  delays.enable();
  const from = performance.now();
  await manager.heapSnapshot('a', { file: workspace.path('a.heapsnapshot') });
  const tookMs = performance.now() - from;
  delays.disable();
  expect(delays.max / 1e6).toBeLessThan(tookMs / 6);
});

it('removes nothing but files that it could not write to their end', async () => {
  const { manager, workspace } = await loadedBench({ 'a.ts': pluginSource('a', '') }, { hotReload: false });
  const file = workspace.path('full');
  await symlink('/dev/full', file);
  await expect(manager.cpuProfile('a', 1, { file })).rejects.toMatchObject({ code: 'ENOSPC' });
  await expect(manager.heapSnapshot('a', { file })).rejects.toMatchObject({ code: 'ENOSPC' });
  expect(existsSync(file)).toBe(true);
});

it('survives the end of a thread in the midst of its snapshot', async () => {
  const setup =
    'const kept = Array.from({ length: 150_000 }, (_, n) => ({ n })); return { kept: () => kept.length };';
  const { manager, workspace } = await loadedBench(
    { 'a.ts': pluginSource('a', setup) },
    { hotReload: false, defaults: { drainMs: 5, teardownMs: 5 } },
  );
  for (const end of ['reload', 'unload'] as const) {
    const snapshot = manager.heapSnapshot('a', { file: workspace.path('a.heapsnapshot') });
    await Promise.all([expect(snapshot).rejects.toMatchObject({ plugin: 'a' }), manager[end]('a')]);
  }
});

it('takes one snapshot after the other, also after one that could not be written', async () => {
  const { manager, workspace } = await loadedBench({ 'a.ts': pluginSource('a', '') }, { hotReload: false });
  const nowhere = manager.heapSnapshot('a', { file: workspace.path('no/such/folder/a.heapsnapshot') });
  const files = ['b', 'c'].map((name) => workspace.path(`${name}.heapsnapshot`));
  const written = Promise.all(files.map((file) => manager.heapSnapshot('a', { file })));
  await expect(nowhere).rejects.toMatchObject({ code: 'ENOENT' });
  expect(await written).toEqual(files);
  for (const file of files) expect(JSON.parse(await readFile(file, 'utf8')).nodes.length).toBeGreaterThan(0);
});
