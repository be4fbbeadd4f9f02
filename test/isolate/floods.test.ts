import { expect, it } from 'vitest';
import { bench, pluginSource, until } from '../support/workspace.ts';

const MB = 1024 * 1024;
const FLOODS = `return {
      log: () => { const line = 'x'.repeat(1_000); for (let n = 0; n < 200_000; n++) ctx.log.info(line); },
      print: () => { const line = 'x'.repeat(999) + '\\n'; for (let n = 0; n < 200_000; n++) process.stdout.write(line); },
      endless: () => { const part = 'x'.repeat(65_536); for (let n = 0; n < 3_200; n++) process.stdout.write(part); },
      emit: () => { const text = 'x'.repeat(1_000); for (let n = 0; n < 200_000; n++) ctx.emit('flood.drop', { text }); },
      ok: () => 'ok',
    };`;
type Floods = Record<'log' | 'print' | 'endless' | 'emit' | 'ok', () => string | undefined>;

it.each(['log', 'print', 'endless', 'emit'] as const)(
  'bounds 200 MB by %s: the host stays small, the neighbour answers, what was dropped is counted',
  async (kind) => {
    const { manager, seen, log } = await bench(
      {
        'flood.ts': pluginSource('flood', FLOODS),
        'neighbour.ts': pluginSource('neighbour', `ctx.on('flood.*', () => {}); return { ok: () => 'ok' };`),
      },
      { hotReload: false, defaults: { limits: { heapMb: 32 } } },
    );
    await manager.loadAll();
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
      what: kind === 'emit' ? 'emit' : 'log',
    });
    expect(seen('dropped')[0]?.count).toBeGreaterThan(100_000);
    expect(await flood.ok()).toBe('ok');
  },
);

it('refuses calls of the host beyond so many that wait', async () => {
  const setup = `return { many: async () => {
      const outcomes = await Promise.allSettled([1, 2, 3].map(() => ctx.bot.wait()));
      return outcomes.map((outcome) => outcome.status === 'fulfilled' ? 'ok' : outcome.reason.code);
    } };`;
  const { manager } = await bench(
    { 'a.ts': pluginSource('a', setup) },
    { hotReload: false, bot: { wait: () => {} }, defaults: { budgets: { pendingCalls: 2 } } },
  );
  await manager.loadAll();
  const many = () => manager.plugin<{ many(): string[] }>('a').many();
  expect(await many()).toEqual(['ok', 'ok', 'ERR_TOO_MANY_CALLS']);
  expect(await many()).toEqual(['ok', 'ok', 'ERR_TOO_MANY_CALLS']);
});
