import { writeFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { gate } from '../support/gate.ts';
import { bench, loadedBench, pluginSource, until } from '../support/workspace.ts';

it('reports each event whose handler does not end within drainMs as a dead letter, once, and no other', async () => {
  const held: number[] = [];
  const { open, opened } = gate();
  const setup = `ctx.on('job', async (n) => { await ctx.bot.hold(n); });`;
  const { manager, seen } = await loadedBench(
    { 'worker.ts': pluginSource('worker', setup) },
    {
      hotReload: false,
      bot: {
        hold: (n: number) => {
          held.push(n);
          return n === 1 ? undefined : opened;
        },
      },
      defaults: { drainMs: 50 },
    },
  );
  for (const n of [1, 2, 3]) await manager.emit('job', n);
  await until(() => held.length === 3 && manager.get('worker')?.usage?.calls === 1, 'the handlers');
  await manager.reload('worker');
  const cut = (payload: number) => ({ name: 'worker', topic: 'job', payload, source: 'host', reason: 'cut' });
  expect(seen('dead-letter')).toEqual([cut(2), cut(3)]);
  open();
  await manager.unload('worker');
  expect(seen('dead-letter')).toHaveLength(2);
  expect(held).toEqual([1, 2, 3]);
});

it('hands events of the pause to what the new version subscribes to, each once and in order', async () => {
  const heard: unknown[] = [];
  const { open, opened } = gate();
  const ear = (subscriptions: string) =>
    pluginSource('ear', `ctx.onTeardown(() => ctx.bot.gate()); ${subscriptions}`);
  const subscribe = (pattern: string) =>
    `ctx.on('${pattern}', (n) => ctx.bot.heard([ctx.generation, '${pattern}', n]));`;
  const { manager, workspace, seen } = await loadedBench(
    { 'ear.ts': ear(subscribe('news.both')) },
    { hotReload: false, bot: { gate: () => opened, heard: (what: unknown) => void heard.push(what) } },
  );
  await writeFile(workspace.path('plugins/ear.ts'), ear(subscribe('news.both') + subscribe('news.new')));
  const reload = manager.reload('ear');
  await until(() => manager.get('ear')?.state === 'reloading', 'the pause');
  const results = [manager.emit('news.new', 1), manager.emit('news.both', 2), manager.emit('news.new', 3)];
  open();
  await reload;
  await Promise.all(results);
  await manager.emit('news.new', 4);
  await until(() => heard.length >= 4, 'the events');
  expect(heard).toEqual([
    [2, 'news.new', 1],
    [2, 'news.both', 2],
    [2, 'news.new', 3],
    [2, 'news.new', 4],
  ]);
  expect(seen('dead-letter')).toEqual([]);
});

it('lets two plugins that are drained together call each other: neither waits for the other', async () => {
  const drainMs = 8_000;
  const waiting: string[] = [];
  const { open, opened } = gate();
  const plugin = (name: string, other: string) =>
    pluginSource(
      name,
      `return {
        outer: async () => { await ctx.bot.wait('${name}'); return ctx.bot.ask('${other}'); },
        inner: () => '${name} ' + ctx.generation,
      };`,
    );
  const { manager, seen } = await bench(
    { 'a.ts': plugin('a', 'b'), 'b.ts': plugin('b', 'a') },
    {
      hotReload: false,
      defaults: { drainMs },
      bot: {
        wait: (name: string) => {
          waiting.push(name);
          return opened;
        },
        ask: (name: string) => manager.plugin<{ inner(): string }>(name).inner(),
      },
    },
  );
  await manager.loadAll();
  const outer = (name: string) => manager.plugin<{ outer(): string }>(name).outer();
  const outers = Promise.all([outer('a'), outer('b')]);
  await until(() => waiting.length === 2, 'both calls');
  const reloads = Promise.all([manager.reload('a'), manager.reload('b')]);
  await until(() => manager.list().every(({ state }) => state === 'reloading'), 'both pauses');
  open();
  // Had one been kept for the next generation, it would be the second that answers, or nobody.
  expect(await outers).toEqual(['b 1', 'a 1']);
  await reloads;
  for (const { pauseMs } of seen('reloaded')) expect(pauseMs).toBeLessThan(drainMs / 2);
  expect(await manager.plugin<{ inner(): string }>('a').inner()).toBe('a 2');
  expect(await manager.plugin<{ inner(): string }>('b').inner()).toBe('b 2');
});

it.each([
  ['drain', 'return new Promise(() => {});', ''],
  ['teardown', '', 'await new Promise(() => {});'],
])(
  'says that the plugin was stopped, of all that a stop during the %s of a reload cuts',
  async (_what, call, teardown) => {
    const setup = `ctx.on('some.event', () => {});
    ctx.onTeardown(async () => { ${teardown} });
    return { hold: () => { ${call} }, ok: () => 'ok' };`;
    const { manager, seen } = await loadedBench({ 'a.ts': pluginSource('a', setup) }, { hotReload: false });
    const a = manager.plugin<{ hold(): void; ok(): string }>('a');
    const stopped = {
      status: 'rejected',
      reason: { code: 'ERR_PLUGIN_STOPPED', plugin: 'a' },
    };
    const underWay = call === '' ? [] : [a.hold()];
    const reloaded = Promise.allSettled([manager.reload('a')]);
    await until(() => manager.get('a')?.state === 'reloading', 'the pause');
    const calls = Promise.allSettled([...underWay, a.ok()]);
    const emitted = manager.emit('some.event', 1);
    await manager.unloadAll({ timeoutMs: 100 });
    expect(await calls).toMatchObject([...underWay.map(() => stopped), stopped]);
    expect(await emitted).toMatchObject({ delivered: [], failed: [{ name: 'a', reason: 'stopped' }] });
    expect(seen('dead-letter')).toMatchObject([{ topic: 'some.event', reason: 'stopped' }]);
    expect(await reloaded).toMatchObject([{ status: 'rejected', reason: { code: 'ERR_PLUGIN_STOPPED' } }]);
  },
);
