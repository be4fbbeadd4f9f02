import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { bench, loadedBench, pluginSource, until, Workspace } from '../support/workspace.ts';

const OPTIONS = { hotReload: false, defaults: { restart: { initialDelayMs: 1 } } } as const;

/** Keeps what it is told to, and counts in its state; the kept goes with the generation. */
const KEEPER = pluginSource(
  'keeper',
  `const kept: unknown[] = [];
    return {
      count: () => { ctx.state.set('count', Number(ctx.state.get('count') ?? 0) + 1); return ctx.state.get('count'); },
      objects: (n: number) => { for (let i = 0; i < n; i++) kept.push({ text: 'x'.repeat(10) + i, list: [i, i] }); },
      buffers: (mb: number) => { kept.push(Buffer.alloc(mb * 2 ** 20, 1)); },
      generation: () => ctx.generation,
    };`,
);
interface Keeper {
  count(): number;
  objects(n: number): void;
  buffers(mb: number): void;
  generation(): number;
}

it('recycles a plugin whose heap runs low, with its state, and no call fails', async () => {
  const { manager, next, seen } = await loadedBench(
    { 'keeper.ts': KEEPER },
    {
      ...OPTIONS,
      plugins: { keeper: { limits: { heapMb: 128 } } },
    },
  );
  const keeper = manager.plugin<Keeper>('keeper');
  const recycled = next('recycled');
  let counted = 0;
  while (seen('recycled').length === 0) {
    // Slowly: what fills a heap between two heartbeats ends at the limit.
    await keeper.objects(250);
    await new Promise((resolve) => setTimeout(resolve, 1));
    counted++;
    expect(await keeper.count()).toBe(counted);
  }
  expect(await recycled).toMatchObject({
    generation: 2,
    reason: 'heap',
    text: expect.stringContaining('MiB'),
  });
  expect(await keeper.generation()).toBe(2);
  expect(await keeper.count()).toBe(counted + 1);
  expect(seen('crashed')).toEqual([]);
  expect(manager.get('keeper')).toMatchObject({ crashes: 0, reloads: 0 });
});

it('does not take garbage for a heap that runs low', async () => {
  const setup = `
    const { getHeapStatistics } = process.getBuiltinModule('node:v8');
    const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
    const share = () => { const { used_heap_size, heap_size_limit } = getHeapStatistics(); return used_heap_size / heap_size_limit; };
    const more = (kept) => { for (let n = 0; n < 1_000; n++) kept.push({ text: 'x' + n, list: [n, n] }); };
    const held = [];
    return {
      // When V8 collects depends on what is held.
      hold: (most) => { while (share() < most) more(held); },
      litter: async () => {
        // Held for long enough to outlive small collections, a little at a time.
        const kept = [];
        let reached = 0;
        const end = performance.now() + 2_000;
        while ((reached = share()) < 0.75 && performance.now() < end) {
          while (share() < reached + 0.05 && share() >= reached) more(kept);
          kept.length = 0;
        }
        // For longer than the host waits between two looks.
        await wait(1_200);
        return reached;
      },
      generation: () => ctx.generation,
    };`;
  const { manager, seen } = await loadedBench(
    { 'a.ts': pluginSource('a', setup) },
    { ...OPTIONS, defaults: { ...OPTIONS.defaults, limits: { heapMb: 64 } } },
  );
  const a = manager.plugin<{ hold(most: number): void; litter(): number; generation(): number }>('a');
  let most = 0.5;
  await until(
    async () => {
      await a.hold(most);
      most = Math.min(0.62, most + 0.02);
      return (await a.litter()) > 0.72;
    },
    'a heap full of garbage',
    50_000,
  );
  expect(await a.generation()).toBe(1);
  // What was begun before is done first.
  await manager.reload('a');
  expect(seen('recycled')).toEqual([]);
});

it.each([
  ['', 'Buffer.alloc(25 * 2 ** 20, 1)'],
  [', in shared memory', 'new SharedArrayBuffer(25 * 2 ** 20)'],
])('recycles a plugin that holds too much outside its heap%s', async (_what, memory) => {
  const source = pluginSource(
    'keeper',
    `const kept = [];
    return { keep: () => { kept.push(${memory}); }, generation: () => ctx.generation };`,
  );
  const { manager, next } = await loadedBench(
    { 'keeper.ts': source },
    {
      ...OPTIONS,
      plugins: { keeper: { limits: { externalMb: 20 } } },
    },
  );
  const keeper = manager.plugin<{ keep(): void; generation(): number }>('keeper');
  const recycled = next('recycled');
  await keeper.keep();
  expect(await recycled).toMatchObject({ generation: 2, reason: 'external' });
  expect(await keeper.generation()).toBe(2);
});

it('ends one that holds far too much outside its heap', async () => {
  const { manager, next } = await loadedBench(
    { 'keeper.ts': KEEPER },
    {
      ...OPTIONS,
      plugins: { keeper: { limits: { externalMb: 20 } } },
    },
  );
  const [crashed, restarted] = [next('crashed'), next('loaded')];
  await manager.plugin<Keeper>('keeper').buffers(60);
  expect(await crashed).toMatchObject({ reason: 'external-limit', generation: 1 });
  expect(await restarted).toMatchObject({ generation: 2 });
});

it('waits longer and longer for one that needs so much all the time', async () => {
  const initialDelayMs = 3_000;
  const { manager, seen } = await bench(
    {
      'big.ts': pluginSource(
        'big',
        `const kept = Buffer.alloc(25 * 2 ** 20, 1); return { size: () => kept.length };`,
      ),
    },
    {
      hotReload: false,
      plugins: { big: { limits: { externalMb: 20 }, restart: { initialDelayMs } } },
    },
  );
  let since = 0;
  manager.on('loaded', () => {
    since = performance.now();
  });
  await manager.loadAll();
  await until(() => seen('recycled').length === 2, 'two recycles');
  expect(performance.now() - since).toBeGreaterThanOrEqual(initialDelayMs);
});

it('says what a plugin uses', async () => {
  const { manager } = await bench({ 'keeper.ts': KEEPER }, OPTIONS);
  expect(manager.get('keeper')?.usage).toBeUndefined();
  await manager.loadAll();
  const keeper = manager.plugin<Keeper>('keeper');
  for (let i = 0; i < 10; i++) await keeper.count();
  await keeper.buffers(30);
  const usage = () => manager.get('keeper')?.usage;
  await until(() => (usage()?.externalBytes ?? 0) > 30 * 2 ** 20);
  expect(usage()).toMatchObject({ calls: 11, queueDepth: 0 });
  const { heapBytes, heapLimitBytes, p50Ms, p99Ms, loopUtilization } = usage()!;
  expect(heapBytes).toBeGreaterThan(2 ** 20);
  expect(heapLimitBytes).toBeGreaterThanOrEqual(256 * 2 ** 20);
  expect(p50Ms).toBeGreaterThan(0);
  expect(p99Ms).toBeGreaterThanOrEqual(p50Ms);
  expect(loopUtilization).toBeGreaterThanOrEqual(0);
  expect(loopUtilization).toBeLessThanOrEqual(1);
  await manager.unload('keeper');
  expect(usage()).toBeUndefined();
});

it('has measured what a plugin uses by the time it serves', async () => {
  const { manager } = await loadedBench({ 'keeper.ts': KEEPER }, OPTIONS);
  for (let n = 0; n < 3; n++) {
    expect(manager.get('keeper')?.usage?.heapBytes).toBeGreaterThan(2 ** 20);
    expect(manager.get('keeper')?.usage?.heapLimitBytes).toBeGreaterThanOrEqual(256 * 2 ** 20);
    await manager.reload('keeper');
  }
});

it('warns once if the command line overrides the limits', async () => {
  const workspace = await Workspace.create({
    'plugins/a.ts': pluginSource('a', ''),
    'plugins/greedy.ts': pluginSource(
      'greedy',
      'const kept = Buffer.alloc(25 * 2 ** 20, 1); return { kept: () => kept.length };',
    ),
  });
  const child = fileURLToPath(new URL('./children/list-warnings.mjs', import.meta.url));
  const run = async (...flags: string[]) => {
    const { stdout } = await promisify(execFile)(process.execPath, [
      ...flags,
      child,
      workspace.path('plugins'),
    ]);
    return JSON.parse(stdout) as string[];
  };
  expect(await run('--max-old-space-size=1500')).toMatchObject([
    expect.stringContaining('limits.heapMb is 256, but V8 allows the plugin 15'),
  ]);
  expect(await run()).toEqual([]);
});
