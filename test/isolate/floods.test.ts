import { expect, it } from 'vitest';
import { loadedBench, pluginSource, until } from '../support/workspace.ts';

const MB = 1024 * 1024;
const FLOODS = `return {
      log: () => { const line = 'x'.repeat(1_000); for (let n = 0; n < 200_000; n++) ctx.log.info(line); },
      print: () => { const line = 'x'.repeat(999) + '\\n'; for (let n = 0; n < 200_000; n++) process.stdout.write(line); },
      endless: () => { const part = 'x'.repeat(65_536); for (let n = 0; n < 3_200; n++) process.stdout.write(part); },
      emit: () => { const text = 'x'.repeat(1_000); for (let n = 0; n < 200_000; n++) ctx.emit('flood.drop', { text }); },
      // Of large pieces, each of which is one line, many lines, or one event.
      lines: () => { for (let n = 0; n < 200; n++) process.stdout.write('x'.repeat(1_048_575) + '\\n'); },
      chunks: () => {
        const chunk = Buffer.from(('x'.repeat(99) + '\\n').repeat(10_486));
        for (let n = 0; n < 200; n++) process.stdout.write(chunk);
      },
      large: () => { const bytes = new Uint8Array(1_048_576); for (let n = 0; n < 200; n++) ctx.emit('flood.drop', bytes); },
      ok: () => 'ok',
    };`;
const DROPPED = {
  log: 100_000,
  print: 100_000,
  lines: 100,
  chunks: 1_000_000,
  emit: 100_000,
  large: 100,
  endless: 0,
};
type Floods = Record<keyof typeof DROPPED | 'ok', () => string | undefined>;

it.each(Object.keys(DROPPED) as (keyof typeof DROPPED)[])(
  'bounds 200 MB by %s: the host stays small, the neighbour answers, what was dropped is counted',
  async (kind) => {
    const { manager, seen, log } = await loadedBench(
      {
        'flood.ts': pluginSource('flood', FLOODS),
        'neighbour.ts': pluginSource('neighbour', `ctx.on('flood.*', () => {}); return { ok: () => 'ok' };`),
      },
      // One that boots meanwhile would count as what the flood needs.
      { hotReload: false, standbys: 0, defaults: { limits: { heapMb: 32 } } },
    );
    const flood = manager.plugin<Floods>('flood');
    const neighbour = manager.plugin<Floods>('neighbour');
    await neighbour.ok();
    const before = process.memoryUsage.rss();
    let highest = before;
    let done = false;
    const flooding = Promise.resolve(flood[kind]()).finally(() => {
      done = true;
    });
    await until(async () => {
      expect(await neighbour.ok()).toBe('ok');
      highest = Math.max(highest, process.memoryUsage.rss());
      return done;
    }, 'the end of the flood');
    await flooding;
    expect((highest - before) / MB).toBeLessThan(50);
    if (kind === 'endless') {
      await manager.unload('flood');
      expect(await until(() => log.find(({ text }) => text.startsWith('xxx')), 'the line')).toMatchObject({
        text: expect.stringMatching(/^x{10000} … \(209705200 more characters\)$/),
      });
      return;
    }
    await until(() => seen('dropped').length > 0, 'the count');
    expect(seen('dropped')[0]).toMatchObject({
      name: 'flood',
      generation: 1,
      what: kind === 'emit' || kind === 'large' ? 'emit' : 'log',
    });
    expect(seen('dropped')[0]?.count).toBeGreaterThan(DROPPED[kind]);
    expect(await flood.ok()).toBe('ok');
  },
);

it('refuses calls of the host beyond so many that wait', async () => {
  const setup = `return { many: async () => {
      const outcomes = await Promise.allSettled([1, 2, 3].map(() => ctx.bot.wait()));
      return outcomes.map((outcome) => outcome.status === 'fulfilled' ? 'ok' : outcome.reason.code);
    } };`;
  const { manager } = await loadedBench(
    { 'a.ts': pluginSource('a', setup) },
    { hotReload: false, bot: { wait: () => {} }, defaults: { budgets: { pendingCalls: 2 } } },
  );
  const many = () => manager.plugin<{ many(): string[] }>('a').many();
  expect(await many()).toEqual(['ok', 'ok', 'ERR_TOO_MANY_CALLS']);
  expect(await many()).toEqual(['ok', 'ok', 'ERR_TOO_MANY_CALLS']);
});

it('refuses calls of the host whose arguments together are too large, but not a large one alone', async () => {
  const setup = `return { many: async (sizes: number[]) => {
      const outcomes = await Promise.allSettled(sizes.map((size) => ctx.bot.wait('x'.repeat(size))));
      return outcomes.map((outcome) => outcome.status === 'fulfilled' ? 'ok' : outcome.reason.code);
    } };`;
  const { manager } = await loadedBench(
    { 'a.ts': pluginSource('a', setup) },
    { hotReload: false, bot: { wait: () => {} }, defaults: { budgets: { pendingCallBytes: 10_000 } } },
  );
  const { many } = manager.plugin<{ many(sizes: number[]): string[] }>('a');
  expect(await many([2_000, 2_000, 2_000])).toEqual(['ok', 'ok', 'ERR_TOO_MANY_CALLS']);
  expect(await many([2_000, 2_000, 100])).toEqual(['ok', 'ok', 'ok']);
  expect(await many([100_000])).toEqual(['ok']);
});

it.each([
  ['one key', `'key'`, /MiB of writes wait for the host already, more than 'limits.stateMb' \(16 MiB\)/],
  [
    'many keys',
    `'key' + n`,
    /ctx.state would grow to 17.\d MiB with 'key8', over 'limits.stateMb' \(16 MiB\)/,
  ],
])('bounds 200 MB of state under %s: the write that is too much throws', async (_what, key, message) => {
  const setup = `return {
      write: () => {
        const text = 'x'.repeat(1_000_000);
        for (let n = 0; n < 100; n++) ctx.state.set(${key}, text);
      },
      clear: () => ctx.state.entries().map(([key]) => ctx.state.delete(key)),
      small: () => ctx.state.set('small', 1),
    };`;
  const { manager } = await loadedBench(
    { 'a.ts': pluginSource('a', setup) },
    { hotReload: false, standbys: 0, defaults: { limits: { heapMb: 64, stateMb: 16 } } },
  );
  const a = manager.plugin<Record<'write' | 'clear' | 'small', () => void>>('a');
  const before = process.memoryUsage.rss();
  const error = await a.write().catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: 'ERR_STATE_LIMIT', message: expect.stringMatching(message) });
  expect((process.memoryUsage.rss() - before) / MB).toBeLessThan(80);
  await a.clear();
  await a.small();
  await a.write().catch(() => {});
  expect(manager.get('a')).toMatchObject({ state: 'running', generation: 1 });
});

it('goes on writing state for as long as the host reads it', async () => {
  const setup = `return { write: async () => {
      const text = 'x'.repeat(100_000);
      for (let n = 0; n < 300; n++) {
        ctx.state.set('key', text + n);
        if (n % 4 === 0) await ctx.bot.wait();
      }
      return ctx.state.get('key').length;
    } };`;
  const { manager } = await loadedBench(
    { 'a.ts': pluginSource('a', setup) },
    { hotReload: false, bot: { wait: () => {} }, defaults: { limits: { stateMb: 1 } } },
  );
  expect(await manager.plugin<{ write(): number }>('a').write()).toBe(100_003);
});

it('refuses calls and events beyond so many that are under way, and takes them again afterwards', async () => {
  const setup = `
    let release;
    const held = new Promise((resolve) => { release = resolve; });
    ctx.on('some.event', () => held);
    return { held: () => held.then(() => 'done'), release: () => release() };`;
  const { manager, seen } = await loadedBench(
    { 'a.ts': pluginSource('a', setup) },
    { hotReload: false, defaults: { queueLimit: 4, drainMs: 50 } },
  );
  const a = manager.plugin<Record<'held' | 'release', () => unknown>>('a');
  const calls = Promise.allSettled([a.held(), a.held()]);
  await manager.emit('some.event', 1);
  await manager.emit('some.event', 2);
  await expect(a.release()).rejects.toMatchObject({
    code: 'ERR_QUEUE_FULL',
    message: expect.stringContaining("4 calls and events are under way in plugin 'a'"),
  });
  await manager.emit('some.event', 3);
  expect(seen('dead-letter')).toMatchObject([{ topic: 'some.event', payload: 3, reason: 'queue-full' }]);
  await manager.reload('a');
  expect(await calls).toMatchObject([
    { reason: { code: 'ERR_PLUGIN_RELOADED' } },
    { reason: { code: 'ERR_PLUGIN_RELOADED' } },
  ]);
  expect(await a.release()).toBeUndefined();
});
