import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { statSync, writeFileSync } from 'node:fs';
import { cp, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import type { Worker } from 'node:worker_threads';
import { expect, it, onTestFinished } from 'vitest';
import { gate } from '../support/gate.ts';
import {
  bench,
  benchIn,
  DEBOUNCE_MS,
  loadedBench,
  pluginSource,
  until,
  Workspace,
} from '../support/workspace.ts';
import { currentValue, valued } from './values.ts';

/** More than are let, should the machine be busy: a boot that takes longer than a second no longer counts. */
const MOST_BOOTING = 2 * Math.max(2, availableParallelism());

it('loads what was saved during a slow reload, and loses none', async () => {
  const { open, opened } = gate();
  const { manager, workspace, next, seen } = await loadedBench(
    { 'slow.ts': valued('slow', 0) },
    { bot: { gate: () => opened } },
  );
  const file = workspace.path('plugins/slow.ts');
  await writeFile(file, valued('slow', 1, 'await ctx.bot.gate();').replace('setup(', 'async setup('));
  await until(() => manager.get('slow')?.state === 'reloading', 'the slow setup');
  // Looked at while the reload is under way: another file shows that the look has been.
  const looked = next('loaded');
  await workspace.write({ 'plugins/slow.ts': valued('slow', 2), 'plugins/other.ts': valued('other', 0) });
  await looked;
  open();
  await until(async () => (await currentValue(manager, 'slow')) === 2, 'the later save');
  // Unless that took so long that the first was given up.
  for (const { error } of seen('reload-failed'))
    expect(error).toMatchObject({ code: 'ERR_PLUGIN_SUPERSEDED' });
});

it('loads only the last of a burst of saves', async () => {
  const { manager, workspace, next, seen } = await loadedBench({ 'dice.ts': valued('dice', 0) });
  const reloaded = next('reloaded');
  for (let value = 1; value <= 50; value++) {
    writeFileSync(workspace.path('plugins/dice.ts'), valued('dice', value));
  }
  await reloaded;
  expect(await currentValue(manager, 'dice')).toBe(50);
  expect(seen('reloaded')).toHaveLength(1);
});

it('reloads each plugin once when hundreds of files change at once, as by a change of branch', {
  timeout: 120_000,
}, async () => {
  const plugins = Array.from({ length: 40 }, (_value, index) => `p${index}`);
  const tree = (branch: string, value: number) =>
    Object.fromEntries(
      plugins.flatMap((name) => [
        [
          `${branch}/${name}/index.ts`,
          `import { a } from './a.ts'; import b from './lib/b.json'; import c from './lib/c.txt';
          ${pluginSource(name, 'return { value: () => [a, b.b, c] };')}`,
        ],
        [`${branch}/${name}/a.ts`, `export const a = ${value};`],
        [`${branch}/${name}/lib/b.json`, `{ "b": ${value} }`],
        [`${branch}/${name}/lib/c.txt`, `c${value}`],
        [`${branch}/${name}/lib/unused.md`, `${value}`],
      ]),
    );
  const workspace = await Workspace.create({ ...tree('plugins', 1), ...tree('other-branch', 2) });
  const { manager, seen } = benchIn(workspace, { hotReload: { debounceMs: 2_000 } });
  expect((await manager.loadAll()).loaded).toHaveLength(plugins.length);
  await cp(workspace.path('other-branch'), workspace.path('plugins'), { recursive: true });
  await until(() => seen('reloaded').length >= plugins.length, 'all reloads', 90_000);
  for (const name of plugins) expect(await currentValue(manager, name)).toEqual([2, 2, 'c2']);
  expect(
    seen('reloaded')
      .map(({ name }) => name)
      .sort(),
  ).toEqual([...plugins].sort());
  expect(seen('reload-failed')).toEqual([]);
});

/** A bench with many plugins that all import `_shared.ts`, and nothing to boot them with. */
async function manySharing(perProcessor = 3) {
  const names = Array.from(
    { length: Math.min(perProcessor * availableParallelism(), 64) },
    (_value, index) => `p${index}`,
  );
  const source = (name: string) =>
    `import { value } from './_shared.ts';
    ${pluginSource(name, 'return { value: () => value, leave: () => process.exit(1) };')}`;
  const plugins = Object.fromEntries(names.map((name) => [`${name}.ts`, source(name)]));
  const files = { '_shared.ts': 'export const value = 1;', ...plugins };
  const made = await bench(files, { concurrency: names.length, standbys: 0 });
  await made.manager.loadAll();
  return { ...made, names };
}

/** Calls it with each thread that is started until the test ends. */
function onThread(listener: (worker: Worker) => void): void {
  const started = (message: unknown) => listener((message as { worker: Worker }).worker);
  subscribe('worker_threads', started);
  onTestFinished(() => void unsubscribe('worker_threads', started));
}

/** How many threads boot at once, at the most. */
function countBooting() {
  const counts = { now: 0, most: 0 };
  onThread((worker) => {
    counts.most = Math.max(counts.most, ++counts.now);
    worker.once('online', () => counts.now--);
  });
  return counts;
}

it('leaves a processor to the plugins that serve while many are reloaded', async () => {
  const { manager, workspace, seen, names } = await manySharing(6);
  const booting = countBooting();
  await writeFile(workspace.path('plugins/_shared.ts'), 'export const value = 2;');
  await until(() => seen('reloaded').length >= names.length, 'all reloads', 25_000);
  for (const name of names) expect(await currentValue(manager, name)).toBe(2);
  expect(booting.most).toBeGreaterThan(0);
  expect(booting.most).toBeLessThanOrEqual(MOST_BOOTING);
});

it('does not keep plugins that die waiting for their turn to be reloaded', async () => {
  const { manager, workspace, seen, names } = await manySharing(8);
  const booting = countBooting();
  const leave = (name: string) => manager.plugin<{ leave(): void }>(name).leave();
  let started = 0;
  onThread(() => {
    // By now all are built, and wait.
    if (++started !== 4) return;
    for (const name of names) if (manager.get(name)?.generation === 1) void leave(name).catch(() => {});
  });
  await writeFile(workspace.path('plugins/_shared.ts'), 'export const value = 2;');
  await until(() => seen('reloaded').length >= names.length, 'all reloads', 25_000);
  for (const name of names) expect(await currentValue(manager, name)).toBe(2);
  expect(booting.most).toBeGreaterThan(MOST_BOOTING);
});

it('starts no more threads for reloads once everything is to be unloaded', async () => {
  const { manager, workspace, seen } = await manySharing();
  let unloading: Promise<void> | undefined;
  let late = 0;
  onThread(() => {
    if (unloading !== undefined) late++;
    unloading ??= manager.unloadAll();
  });
  await writeFile(workspace.path('plugins/_shared.ts'), 'export const value = 2;');
  await until(() => unloading !== undefined, 'the first thread');
  await unloading;
  expect(late).toBe(0);
  expect(seen('reloaded')).toEqual([]);
});

it('notices a save in the midst of a stream of other changes', async () => {
  // Longer than the native watcher waits before it tells of more.
  const hotReload = { debounceMs: 600 };
  const { manager, workspace, next } = await loadedBench({ 'dice.ts': valued('dice', 0) }, { hotReload });
  const noise = () => writeFileSync(workspace.path('plugins/noise.txt'), String(performance.now()));
  const writing = setInterval(noise, DEBOUNCE_MS / 8);
  const reloaded = next('reloaded');
  await writeFile(workspace.path('plugins/dice.ts'), valued('dice', 1));
  await reloaded.finally(() => clearInterval(writing));
  expect(await currentValue(manager, 'dice')).toBe(1);
});

it.each([
  ['native', { debounceMs: 500 }],
  ['polling', { debounceMs: 1_000, polling: true, pollMs: 1_500 }],
] as const)(
  'takes a stream of saves for one, although it hears of them late: %s',
  async (_mode, hotReload) => {
    const { manager, workspace, seen, next } = await loadedBench(
      { 'dice.ts': valued('dice', 0) },
      { hotReload },
    );
    const reloaded = next('reloaded');
    const file = workspace.path('plugins/dice.ts');
    const began = performance.now();
    let pauses = 0;
    let last = Date.now();
    let value = 0;
    // After ten quiet times a stream is cut, on a machine so slow that this one lasts that long.
    while (value < 60 && performance.now() - began < hotReload.debounceMs * 8) {
      await writeFile(file, valued('dice', ++value));
      // A machine that stalls makes a pause of its own, before a write or after it.
      const { mtimeMs } = statSync(file);
      if (mtimeMs - last > hotReload.debounceMs * 0.8) pauses++;
      last = mtimeMs;
      await new Promise((resolve) => setTimeout(resolve, 40));
    }
    if (Date.now() - last > hotReload.debounceMs * 0.8) pauses++;
    expect(seen('reloaded').length).toBeLessThanOrEqual(pauses);
    await reloaded;
    await until(async () => (await currentValue(manager, 'dice')) === value, 'the last save');
  },
);
