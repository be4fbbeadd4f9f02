import { expect, it } from 'vitest';
import { bench, pluginSource, until } from '../support/workspace.ts';

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
    const { manager, seen } = await bench(
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
    await manager.loadAll();
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
