import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { loadedBench, pluginSource, until } from '../support/workspace.ts';

const EVENTS = 200;
/** Each takes about 2,100 bytes: a character of text counts as two. */
const emitter = (name: string) =>
  pluginSource(
    name,
    `const text = 'x'.repeat(1_000);
    return { speak: () => { for (let n = 0; n < ${EVENTS}; n++) ctx.emit('${name}.said', { n, text }); } };`,
  );

it.each([
  ['as many events', { emitsPerSecond: 20 }, 20],
  ['as much', { emitBytesPerSecond: 44_000 }, 20],
])(
  'lets a plugin emit %s a second as its budget says, drops the rest and says how much that was',
  async (_what, budgets, atLeast) => {
    const heard = { bound: [] as number[], free: [] as number[] };
    const { manager, seen } = await loadedBench(
      {
        'bound.ts': emitter('bound'),
        'free.ts': emitter('free'),
        'ear.ts': pluginSource('ear', `ctx.on('*.said', ({ n }, { source }) => ctx.bot.heard(source, n));`),
      },
      {
        hotReload: false,
        bot: { heard: (source: keyof typeof heard, n: number) => void heard[source].push(n) },
        plugins: { bound: { budgets } },
      },
    );
    for (const name of ['bound', 'free']) await manager.plugin<{ speak(): void }>(name).speak();
    await until(() => heard.free.length === EVENTS, 'the events of the one without such a budget');
    const dropped = () => seen('dropped').reduce((sum, { count }) => sum + count, 0);
    await until(() => heard.bound.length + dropped() === EVENTS, 'the count');
    expect(seen('dropped')).toEqual([{ name: 'bound', generation: 1, what: 'emit', count: dropped() }]);
    // What it earns while it speaks comes on top, on a slow machine.
    expect(heard.bound.length).toBeGreaterThanOrEqual(atLeast);
    expect(dropped()).toBeGreaterThan(EVENTS / 2);
    expect(heard.bound.slice(0, atLeast)).toEqual([...Array(atLeast).keys()]);
  },
);

/** Something that says whether it was read. */
function telling() {
  let read = false;
  const value = {
    get part() {
      read = true;
      return 1;
    },
  };
  return { value, wasRead: () => read };
}

it.each([
  ['so many', { pendingCalls: 1 }],
  ['so much', { pendingCallBytes: 1 }],
])(
  'refuses a call of the host before it copies the arguments, with %s waiting already',
  async (_what, budgets) => {
    const { manager } = await loadedBench(
      {
        'a.ts': pluginSource(
          'a',
          `${telling.toString()}
        return { reads: async () => {
          const [first, second] = [telling(), telling()];
          const calls = [ctx.bot.wait(first.value), ctx.bot.wait(second.value).catch(({ code }) => code)];
          return [first.wasRead(), second.wasRead(), await calls[1]];
        } };`,
        ),
      },
      { hotReload: false, bot: { wait: () => new Promise(() => {}) }, defaults: { budgets } },
    );
    const reads = manager.plugin<{ reads(): unknown }>('a').reads();
    expect(await reads).toEqual([true, false, 'ERR_TOO_MANY_CALLS']);
  },
);

it('refuses a call of a plugin before it copies the arguments, if it would not be taken', async () => {
  const setup = `ctx.onTeardown(() => ctx.bot.wait()); return { wait: () => ctx.bot.wait(), take: () => 'ok' };`;
  const gates: (() => void)[] = [];
  const { manager } = await loadedBench(
    { 'a.ts': pluginSource('a', setup) },
    {
      hotReload: false,
      bot: { wait: () => new Promise<void>((resolve) => gates.push(resolve)) },
      defaults: { queueLimit: 1 },
    },
  );
  const a = manager.plugin<{ wait(): void; take(value: unknown): unknown }>('a');
  const { value, wasRead } = telling();
  const refused = async (code: string) => {
    await expect(a.take(value)).rejects.toMatchObject({ code, plugin: 'a' });
    expect(wasRead()).toBe(false);
  };
  const underWay = a.wait();
  await until(() => gates.length === 1, 'the call');
  await refused('ERR_QUEUE_FULL');
  const reloaded = manager.reload('a');
  await until(() => manager.get('a')?.state === 'reloading', 'the pause');
  const waiting = a.wait();
  await turn();
  await refused('ERR_QUEUE_FULL');
  gates[0]?.();
  await until(() => gates.length === 2, 'the teardown');
  gates[1]?.();
  await Promise.all([underWay, reloaded]);
  await until(() => gates.length === 3, 'the call that waited');
  gates[2]?.();
  await waiting;
  const unloaded = manager.unload('a');
  await until(() => gates.length === 4, 'the teardown');
  gates[3]?.();
  await unloaded;
  await refused('ERR_PLUGIN_UNAVAILABLE');
  await manager.load('a');
  expect(await a.take(value)).toBe('ok');
  expect(wasRead()).toBe(true);
  const last = manager.unload('a');
  await until(() => gates.length === 5, 'the last teardown');
  gates[4]?.();
  await last;
});
