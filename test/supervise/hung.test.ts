import { execFileSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { expect, it, onTestFinished } from 'vitest';
import { bench, ISOLATION, loadedBench, pluginSource, standStill, until } from '../support/workspace.ts';

const OPTIONS = { hotReload: false, defaults: { hangMs: 1_000, restart: { initialDelayMs: 1 } } } as const;
const NEIGHBOUR = pluginSource('neighbour', `return { ok: () => 'ok' };`);

const STUCK = pluginSource(
  'stuck',
  `const spin = () => {
      for (;;);
    };
    return {
      loop: () => spin(),
      microtasks: () => { const again = () => { void Promise.resolve().then(again); }; again(); },
      read: () => { execFileSync('sleep', ['600']); },
      generation: () => ctx.generation,
    };`,
);
interface Stuck {
  loop(): void;
  microtasks(): void;
  read(): void;
  generation(): number;
}

it('ends a plugin in an endless loop, says where it is stuck, and starts it again; nobody else notices', async () => {
  const { manager, workspace, next } = await loadedBench(
    { 'stuck.ts': STUCK, 'neighbour.ts': NEIGHBOUR },
    OPTIONS,
  );
  const hung = next('hung');
  const crashed = next('crashed');
  const restarted = next('loaded');
  const call = manager.plugin<Stuck>('stuck').loop();
  const rejection = expect(call).rejects.toMatchObject({ code: 'ERR_PLUGIN_CRASHED', reason: 'hung' });
  expect(await manager.plugin<{ ok(): string }>('neighbour').ok()).toBe('ok');
  const { generation, stack } = await hung;
  expect(generation).toBe(1);
  expect(stack).toContain(`spin (${workspace.path('plugins/stuck.ts')}:6:`);
  expect(stack).not.toContain('/runtime/');
  expect((await crashed).report.stack).toBe(stack);
  await rejection;
  await restarted;
  expect(await manager.plugin<Stuck>('stuck').generation()).toBe(2);
  expect(manager.get('stuck')?.crashes).toBe(1);
});

it('finds endless microtasks, and a loop while the module is loaded', async () => {
  const { manager, next, seen } = await bench(
    { 'stuck.ts': STUCK, 'early.ts': `for (;;);\n${NEIGHBOUR.replace('neighbour', 'early')}` },
    OPTIONS,
  );
  const { failed } = await manager.loadAll();
  expect(failed).toMatchObject([
    { name: 'early', error: { message: expect.stringContaining('did not react') } },
  ]);
  expect(seen('hung')).toMatchObject([{ name: 'early', stack: expect.stringContaining('early.ts:1:') }]);
  const hung = next('hung');
  await manager.plugin<Stuck>('stuck').microtasks();
  expect((await hung).stack).toContain('again');
});

it('finds one that was at rest and gets stuck by itself', async () => {
  const late = pluginSource('late', 'setTimeout(function spin() { for (;;); }, 3_000);');
  const { manager, next } = await bench({ 'late.ts': late }, OPTIONS);
  const hung = next('hung');
  await manager.loadAll();
  expect((await hung).stack).toContain('spin (');
});

it('ends a loop that allocates, which some versions of V8 make one that cannot be ended', async () => {
  const loop = `let kept; return { loop: () => { for (;;) kept = new Array(100).fill(0); }, kept: () => kept };`;
  const { manager, next, seen } = await loadedBench({ 'stuck.ts': pluginSource('stuck', loop) }, OPTIONS);
  const restarted = next('loaded');
  await expect(manager.plugin<Stuck>('stuck').loop()).rejects.toMatchObject({ reason: 'hung' });
  await restarted;
  expect(seen('zombie')).toEqual([]);
});

it.runIf(ISOLATION === 'thread')(
  'says so when it is stuck outside JavaScript, and does not start more and more such threads',
  async () => {
    const reading = pluginSource('stuck', 'return { read: (file: string) => { readFileSync(file); } };');
    const { manager, workspace, next, seen } = await loadedBench(
      { 'stuck.ts': `import { readFileSync } from 'node:fs';\n${reading}` },
      { ...OPTIONS, defaults: { ...OPTIONS.defaults, restart: { maxZombies: 1 } } },
    );
    const pipe = workspace.path('pipe');
    execFileSync('mkfifo', [pipe]);
    onTestFinished(() => closeSync(openSync(pipe, 'r+')));
    const hung = next('hung');
    const call = manager.plugin<{ read(file: string): void }>('stuck').read(pipe);
    const rejection = expect(call).rejects.toMatchObject({ reason: 'hung' });
    expect(await hung).toMatchObject({
      stack: undefined,
      text: expect.stringContaining('outside JavaScript'),
    });
    await rejection;
    await until(() => seen('quarantined').length === 1, 'the quarantine');
    expect(seen('zombie')).toHaveLength(1);
    expect(seen('quarantined')).toMatchObject([{ crashes: 1, zombies: 1 }]);
  },
);

it.runIf(ISOLATION === 'process')(
  'ends a process that is stuck outside JavaScript, with what it waits for',
  async () => {
    const { manager, next, seen } = await loadedBench(
      { 'stuck.ts': `import { execFileSync } from 'node:child_process';\n${STUCK}` },
      OPTIONS,
    );
    const restarted = next('loaded');
    await expect(manager.plugin<Stuck>('stuck').read()).rejects.toMatchObject({ reason: 'hung' });
    await restarted;
    expect(seen('hung')).toMatchObject([
      { stack: undefined, text: expect.stringContaining('outside JavaScript') },
    ]);
    expect(seen('zombie')).toEqual([]);
  },
);

it.runIf(ISOLATION === 'process')(
  'says that it is not known where a process stands that does not answer',
  async () => {
    // The signal takes a moment, in which the call could be answered.
    const stop = 'async () => { process.kill(process.pid, "SIGSTOP"); await new Promise(() => {}); }';
    const { manager, next } = await loadedBench(
      { 'still.ts': pluginSource('still', `return { stop: ${stop} };`) },
      OPTIONS,
    );
    const hung = next('hung');
    await expect(manager.plugin<{ stop(): void }>('still').stop()).rejects.toMatchObject({ reason: 'hung' });
    expect((await hung).text).toContain('is not known, since its process does not answer');
  },
);

it('leaves alone what is slow but alive, and everybody while the host itself stands still', async () => {
  const slow = pluginSource(
    'slow',
    `return { work: async (pieces: number) => {
      for (let piece = 0; piece < pieces; piece++) {
        const end = Date.now() + 200;
        while (Date.now() < end);
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      return 'done';
    } };`,
  );
  const { manager, seen } = await loadedBench({ 'slow.ts': slow }, OPTIONS);
  const work = manager.plugin<{ work(pieces: number): string }>('slow').work(15);
  standStill(1_500);
  expect(await work).toBe('done');
  expect(seen('hung')).toEqual([]);
});

it('does not wait for a stuck plugin at a reload or stop', async () => {
  const { manager, log, seen } = await loadedBench(
    { 'stuck.ts': STUCK },
    { hotReload: false, defaults: { hangMs: 0, drainMs: 600_000, teardownMs: 600_000 } },
  );
  const call = Promise.resolve(manager.plugin<Stuck>('stuck').loop());
  const rejection = expect(call).rejects.toMatchObject({ code: 'ERR_PLUGIN_RELOADED' });
  await manager.reload('stuck');
  await rejection;
  expect(await manager.plugin<Stuck>('stuck').generation()).toBe(2);
  void Promise.resolve(manager.plugin<Stuck>('stuck').loop()).catch(() => {});
  await manager.unloadAll();
  expect(log.filter(({ text }) => text.includes('has not reacted'))).toHaveLength(2);
  expect(seen('hung')).toEqual([]);
});

it('does not pause for a stuck plugin that another version is set up beside', async () => {
  const { manager } = await loadedBench(
    { 'stuck.ts': STUCK.replace('setup(', `swap: 'overlap',\n  setup(`) },
    { hotReload: false, defaults: { hangMs: 0 } },
  );
  const call = Promise.resolve(manager.plugin<Stuck>('stuck').loop()).catch(() => {});
  const since = performance.now();
  let pauseMs = Number.POSITIVE_INFINITY;
  manager.on('reloaded', (event) => {
    pauseMs = event.pauseMs;
  });
  // From outside nothing tells for how long it has been stuck.
  await until(() => performance.now() - since > 4_000, 'long enough a silence');
  await manager.reload('stuck');
  await call;
  expect(pauseMs).toBeLessThan(900);
});
