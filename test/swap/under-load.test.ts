import { writeFile } from 'node:fs/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { loadedBench, until } from '../support/workspace.ts';

/** `RELOADS=1000 npx vitest run test/swap/under-load.test.ts` for the long run. */
const RELOADS = Number(process.env.RELOADS ?? 15);

/** A machine that stalls is not given more than it gets done: what waits has its own bounds, which are tested elsewhere. */
const MOST_UNDER_WAY = 400;

/** Records in its state, which outlives generations, each event it handled; takes 0 to 50 ms over calls and events. */
function source(swap: string, version: number): string {
  return `import { definePlugin } from 'bulkhead/plugin';
const pause = (n: number) => new Promise((resolve) => setTimeout(resolve, (n * 7) % 51));
export default definePlugin({
  name: 'busy', version: '1.0.${version}', swap: '${swap}',
  setup(ctx) {
    ctx.on('count.up', async ({ n }: { n: number }) => {
      ctx.bot.started(n);
      await pause(n);
      ctx.bot.handled(n);
    });
    return { work: async (n: number) => { await pause(n); return n; } };
  },
});
`;
}

describe.each(['handover', 'overlap'])('%s, reloaded under load', (swap) => {
  it(`answers every call and handles each event exactly once, in order, over ${RELOADS} reloads`, async () => {
    const started: number[] = [];
    const handled: number[] = [];
    const { manager, workspace, seen } = await loadedBench(
      { 'busy.ts': source(swap, 0) },
      {
        hotReload: false,
        bot: { started: (n: number) => void started.push(n), handled: (n: number) => void handled.push(n) },
      },
    );
    const busy = manager.plugin<{ work(n: number): number }>('busy');
    const answers: Promise<unknown>[] = [];
    const deliveries: ReturnType<typeof manager.emit>[] = [];
    let sent = 0;
    let answered = 0;
    const load = setInterval(() => {
      if (sent - answered > MOST_UNDER_WAY) return;
      sent++;
      const answer = busy.work(sent).catch((error: unknown) => error);
      answers.push(answer.finally(() => answered++));
      deliveries.push(manager.emit('count.up', { n: sent }));
    }, 1);
    onTestFinished(() => clearInterval(load));
    for (let version = 1; version <= RELOADS; version++) {
      await writeFile(workspace.path('plugins/busy.ts'), source(swap, version));
      await manager.reload('busy');
    }
    clearInterval(load);
    const expected = Array.from({ length: sent }, (_, index) => index + 1);
    expect(await Promise.all(answers)).toEqual(expected);
    expect((await Promise.all(deliveries)).every(({ delivered }) => delivered.length === 1)).toBe(true);
    await until(() => handled.length >= sent, 'all events handled');
    expect(started).toEqual(expected);
    expect([...handled].sort((a, b) => a - b)).toEqual(expected);
    expect(seen('dead-letter')).toEqual([]);
    expect(manager.get('busy')?.generation).toBe(RELOADS + 1);
  }, 600_000);
});
