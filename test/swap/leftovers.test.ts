import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it, onTestFinished } from 'vitest';
import { Generation } from '#internal/isolate/generation';
import { loadedBench, pluginSource, until } from '../support/workspace.ts';

/** Tells of every generation that is started from now on. */
function onGeneration(listener: (generation: Generation) => void): void {
  const { onLowHeap } = Generation.prototype;
  Generation.prototype.onLowHeap = function (...args) {
    listener(this);
    return onLowHeap.apply(this, args);
  };
  onTestFinished(() => {
    Generation.prototype.onLowHeap = onLowHeap;
  });
}

/** Every generation that is started from now on. */
function generations(): Generation[] {
  const all: Generation[] = [];
  onGeneration((generation) => all.push(generation));
  return all;
}

const alive = (all: Generation[]) =>
  all.filter((generation) => generation.isAlive).map(({ number }) => number);

it.each(['handover', 'overlap'])(
  '%s: ends every thread but the one that serves, whether reloads succeed or fail',
  async (swap) => {
    const all = generations();
    const source = (setup: string) => pluginSource('a', setup, `swap: '${swap}',`);
    const { manager, workspace } = await loadedBench({ 'a.ts': source('') }, { hotReload: false });
    await manager.reload('a');
    for (const setup of [`throw new Error('in setup');`, 'process.exit(1);', 'syntax error']) {
      await workspace.write({ 'plugins/a.ts': source(setup) });
      await expect(manager.reload('a')).rejects.toThrow();
    }
    const { generation } = manager.get('a') as { generation: number };
    await until(() => alive(all).length === 1, 'one thread');
    expect(alive(all)).toEqual([generation]);
    expect(manager.get('a')?.state).toBe('running');
    await manager.unloadAll();
    await until(() => alive(all).length === 0, 'no thread');
  },
);

it('handover: a version that exits at the end of its setup leaves no thread behind', async () => {
  const all = generations();
  const { manager, workspace, next } = await loadedBench(
    { 'a.ts': pluginSource('a', `return { ok: () => 'ok' };`) },
    { hotReload: false, defaults: { restart: { initialDelayMs: 1 } } },
  );
  await workspace.write({
    'plugins/a.ts': pluginSource('a', 'queueMicrotask(() => process.exit(0)); return {};'),
  });
  const recovered = Promise.race([next('reload-failed'), next('crashed')]);
  await manager.reload('a').catch(() => {});
  await recovered;
  await until(() => alive(all).length <= 1, 'at most one thread');
});

it('overlap: a version that dies as soon as its setup is done does not come to serve', async () => {
  const all = generations();
  const source = (setup: string) =>
    `import { existsSync } from 'node:fs';\n${pluginSource('a', setup, `swap: 'overlap',`)}`;
  const { manager, workspace, seen } = await loadedBench(
    {
      'a.ts': source(`return { ok: () => 'ok', block: (gate: string) => { while (!existsSync(gate)); } };`),
    },
    { hotReload: false },
  );
  const a = manager.plugin<{ ok(): string; block(gate: string): void }>('a');
  // While the old one cannot say that it has what was sent to it, the new one does not serve yet.
  const blocked = a.block(workspace.path('gate'));
  await workspace.write({ 'plugins/a.ts': source('setImmediate(() => process.exit(0)); return {};') });
  const failed = expect(manager.reload('a')).rejects.toThrow(
    'it called process.exit(0), as soon as setup() was done',
  );
  await until(() => all.some((each) => each.number === 2 && !each.isAlive), 'the end of the new one');
  await workspace.write({ gate: '' });
  await failed;
  await blocked;
  expect(await a.ok()).toBe('ok');
  expect(manager.get('a')).toMatchObject({ state: 'running', generation: 1, crashes: 0 });
  expect(seen('reload-failed')).toMatchObject([{ generation: 1 }]);
  expect(alive(all)).toEqual([1]);
});

it('lets generations that ended be collected', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const seen: WeakRef<Generation>[] = [];
  onGeneration((generation) => seen.push(new WeakRef(generation)));
  const { manager } = await loadedBench(
    { 'a.ts': pluginSource('a', `ctx.on('x', () => {}); ctx.every(1000, () => {}); return { n: () => 1 };`) },
    { hotReload: false },
  );
  for (let n = 0; n < 10; n++) {
    await manager.reload('a');
    await manager.plugin<{ n(): number }>('a').n();
    await manager.emit('x');
  }
  await until(() => {
    collect();
    return seen.filter((ref) => ref.deref() !== undefined).length <= 2;
  }, 'the collection of all but the newest');
});
