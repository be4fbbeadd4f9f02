import { expect, it } from 'vitest';
import { gate } from '../support/gate.ts';
import { bench, loadedBench, pluginSource, until } from '../support/workspace.ts';

it('runs every task again and again, never twice at once, and not during a pause', async () => {
  const events: string[] = [];
  const { open: release, opened: held } = gate();
  const { manager } = await loadedBench(
    {
      'clock.ts': pluginSource(
        'clock',
        `let running = 0;
    ctx.every(1, async () => { if (++running > 1) await ctx.bot.event('twice'); await ctx.bot.event('tick ' + ctx.generation); running--; });
    ctx.onTeardown(async () => { await ctx.bot.event('teardown'); await ctx.bot.hold(); });`,
      ),
      'other.ts': pluginSource('other', `ctx.every(1, () => ctx.bot.event('other'));`),
    },
    { hotReload: false, bot: { event: (text: string) => void events.push(text), hold: () => held } },
  );
  await until(() => events.filter((text) => text === 'tick 1').length >= 3, 'three ticks');
  const reload = manager.reload('clock');
  await until(() => events.includes('teardown'), 'the teardown');
  const atPause = events.length;
  const others = () => events.slice(atPause).filter((text) => text === 'other').length;
  await until(() => others() >= 20, 'ticks of another plugin');
  // The teardown alone.
  expect(manager.get('clock')?.usage?.queueDepth).toBe(1);
  release();
  await reload;
  await until(() => events.includes('tick 2'), 'ticks of the new generation');
  expect(events).not.toContain('twice');
  expect(events.slice(atPause).filter((text) => text === 'tick 1')).toEqual([]);
  await manager.unload('clock');
});

it('runs a time-out once, unless it is cancelled or the generation ends before', async () => {
  const fired: string[] = [];
  const { manager } = await loadedBench(
    {
      'timer.ts': pluginSource(
        'timer',
        `ctx.timeout(1, () => ctx.bot.fired('once ' + ctx.generation));
    ctx.timeout(1, () => ctx.bot.fired('cancelled'))();
    ctx.timeout(600_000, () => ctx.bot.fired('never'));`,
      ),
    },
    { hotReload: false, bot: { fired: (text: string) => void fired.push(text) } },
  );
  await until(() => fired.includes('once 1'), 'the time-out');
  await manager.reload('timer');
  await until(() => fired.includes('once 2'), 'the time-out of the next generation');
  expect(fired).toEqual(['once 1', 'once 2']);
});

it('logs what a task throws and goes on', async () => {
  const { log } = await loadedBench(
    { 'broken.ts': pluginSource('broken', `ctx.every(1, () => { throw new Error('tick failed'); });`) },
    { hotReload: false },
  );
  await until(() => log.filter(({ text }) => text.includes('tick failed')).length >= 2, 'two reports');
});

it.each([
  'ctx.every(0, () => {})',
  'ctx.every(NaN, () => {})',
  `ctx.timeout(-1, () => {})`,
  'ctx.timeout(2 ** 31, () => {})',
  'ctx.every(5)',
])('refuses %s', async (call) => {
  const { manager } = await bench({ 'wrong.ts': pluginSource('wrong', call) }, { hotReload: false });
  const { failed } = await manager.loadAll();
  expect(failed).toMatchObject([{ name: 'wrong', error: { code: 'ERR_PLUGIN_SETUP' } }]);
  expect(failed[0]?.error.message).toMatch(/ctx\.(every|timeout) needs/);
});

it('starts the timers of the new generation anew, whatever the old one did with its own at the end', async () => {
  const fired: string[] = [];
  const first = `const cancel = ctx.timeout(600_000, () => {}); ctx.timeout(30, () => ctx.bot.fired('old')); ctx.onTeardown(cancel);`;
  const { manager, workspace } = await loadedBench(
    { 'timer.ts': pluginSource('timer', first) },
    { hotReload: false, bot: { fired: (text: string) => void fired.push(text) } },
  );
  await workspace.write({
    'plugins/timer.ts': pluginSource(
      'timer',
      `ctx.timeout(600_000, () => ctx.bot.fired('much too early')); ctx.timeout(600_000, () => ctx.bot.fired('much too early')); ctx.timeout(60, () => ctx.bot.fired('new'));`,
    ),
  });
  await manager.reload('timer');
  await until(() => fired.includes('new'), 'the time-out of the new generation');
  expect(fired.filter((text) => text === 'much too early')).toEqual([]);
});

it('keeps nothing of a time-out that has fired', async () => {
  const { manager } = await bench(
    {
      'timer.ts': pluginSource(
        'timer',
        `return { run: async () => { for (let n = 0; n < 500; n++) await new Promise((resolve) => ctx.timeout(0, resolve as () => void)); } };`,
      ),
    },
    { hotReload: false },
  );
  const registrations: { [Symbol.iterator](): Iterator<unknown> }[] = [];
  const { Registrations } = await import('#internal/isolate/registrations');
  const { add } = Registrations.prototype;
  Registrations.prototype.add = function (note: unknown) {
    if (!registrations.includes(this)) registrations.push(this);
    return add.call(this, note);
  };
  try {
    await manager.loadAll();
    await manager.plugin<{ run(): void }>('timer').run();
  } finally {
    Registrations.prototype.add = add;
  }
  expect(registrations.map((each) => [...(each as Iterable<unknown>)].length)).toEqual([0]);
});

it('lets a plugin with too many timers wait for its own, once it has said so', async () => {
  const setup = `let ticks = 0;
    for (let n = 0; n < 5_000; n++) ctx.every(1, () => { ticks++; });
    return { ticks: () => ticks };`;
  const { manager, seen } = await bench({ 'busy.ts': pluginSource('busy', setup) }, { hotReload: false });
  const since = performance.now();
  await manager.loadAll();
  const ticks = () => manager.plugin<{ ticks(): number }>('busy').ticks();
  await until(async () => (await ticks()) > 1_500, 'ticks beyond the first thousand');
  expect(await ticks()).toBeLessThanOrEqual(1_000 + performance.now() - since);
  expect(seen('log').filter(({ text }) => text.includes('more than 1000 times a second'))).toHaveLength(1);
});

it('says once that tasks are refused because too much is under way', async () => {
  const { manager, seen } = await loadedBench(
    {
      'stuck.ts': pluginSource('stuck', `for (let n = 0; n < 40; n++) ctx.every(5, () => ctx.bot.wait());`),
      'clock.ts': pluginSource(
        'clock',
        'let ticks = 0; ctx.every(5, () => { ticks++; }); return { ticks: () => ticks };',
      ),
    },
    {
      hotReload: false,
      bot: { wait: () => new Promise(() => {}) },
      defaults: { queueLimit: 20, drainMs: 50 },
    },
  );
  const refused = () => seen('log').filter(({ text }) => text.includes('20 calls and events'));
  await until(() => refused().length > 0, 'the refusal');
  const ticks = () => manager.plugin<{ ticks(): number }>('clock').ticks();
  const before = await ticks();
  await until(async () => (await ticks()) >= before + 5, 'as many more refusals');
  expect(refused()).toHaveLength(1);
});
