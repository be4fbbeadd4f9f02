import { expect, it } from 'vitest';
import { loadedBench, pluginSource, until } from '../support/workspace.ts';

const PLUGINS = 12;
const AT_ONCE = 3;

it('restarts plugins that crash together a few at a time', async () => {
  const running = { now: 0, most: 0 };
  const bot = {
    begin: () => {
      running.now++;
      running.most = Math.max(running.most, running.now);
    },
    end: () => {
      running.now--;
    },
  };
  // What connects somewhere takes its time.
  const source = (name: string) =>
    pluginSource(
      name,
      `ctx.on('database.gone', () => { setImmediate(() => { throw new Error('no database'); }); });
       const connect = async () => {
         await ctx.bot.begin();
         await new Promise((resolve) => setTimeout(resolve, 300));
         await ctx.bot.end();
       };
       return connect();`,
    );
  const names = Array.from({ length: PLUGINS }, (_, i) => `p${i}`);
  const { manager, seen } = await loadedBench(
    Object.fromEntries(names.map((name) => [`${name}.ts`, source(name)])),
    { hotReload: false, bot, concurrency: AT_ONCE, defaults: { restart: { initialDelayMs: 1 } } },
  );
  running.most = 0;
  await manager.emit('database.gone');
  await until(
    () => seen('crashed').length === PLUGINS && manager.list().every(({ state }) => state === 'running'),
  );
  expect(seen('restarting')).toHaveLength(PLUGINS);
  // Those that take longer than a second on a busy machine do not count.
  expect(running.most).toBeLessThanOrEqual(PLUGINS / 2);
});
