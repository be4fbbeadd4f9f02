import { expect, it } from 'vitest';
import { loadedBench, pluginSource, until } from '../support/workspace.ts';

/** `work` for the bot: what came, in order, each waiting until it is ended or fails. */
function jobs() {
  const started: string[] = [];
  const ends = new Map<string, { resolve: () => void; reject: (error: Error) => void }>();
  const work = (job: string) =>
    new Promise<void>((resolve, reject) => {
      started.push(job);
      ends.set(job, { resolve, reject });
    });
  return {
    started,
    work,
    end: (job: string) => ends.get(job)?.resolve(),
    fail: (job: string) => ends.get(job)?.reject(new Error(`no luck with ${job}`)),
  };
}

it('starts a serial handler only when it has ended with the event before, whatever others do meanwhile', async () => {
  const { started, work, end, fail } = jobs();
  const subscribe = (who: string, options = '') =>
    `ctx.on('job', (n) => ctx.bot.work('${who} ' + n)${options});`;
  const { manager } = await loadedBench(
    {
      'ear.ts': pluginSource(
        'ear',
        [
          subscribe('one', ', { serial: true }'),
          subscribe('two', ', { serial: true }'),
          subscribe('all'),
        ].join(' '),
      ),
    },
    { hotReload: false, bot: { work }, defaults: { drainMs: 50 } },
  );
  const of = (who: string) => started.filter((job) => job.startsWith(who));
  for (const n of [1, 2, 3]) await manager.emit('job', n);
  // It is the last to start: whatever else was to start has done so before.
  await until(() => started.includes('all 3'), 'the handler that overlaps');
  expect(of('all')).toEqual(['all 1', 'all 2', 'all 3']);
  expect([...of('one'), ...of('two')]).toEqual(['one 1', 'two 1']);
  end('one 1');
  await until(() => of('one').length === 2, 'the next event of the first');
  await manager.emit('job', 4);
  await until(() => started.includes('all 4'), 'the handler that overlaps');
  expect([...of('one'), ...of('two')]).toEqual(['one 1', 'one 2', 'two 1']);
  fail('one 2');
  await until(() => of('one').length === 3, 'the event after one that failed');
  end('one 3');
  await until(() => of('one').length === 4, 'the last event');
  expect(of('one')).toEqual(['one 1', 'one 2', 'one 3', 'one 4']);
  expect(of('two')).toEqual(['two 1']);
});

it('logs what an event handler throws, with the topic, and goes on: the other handlers run, nothing restarts', async () => {
  const heard: number[] = [];
  const setup = `
    ctx.on('job', () => { throw new RangeError('at once'); });
    ctx.on('job', async () => { throw Object.assign(new Error('later'), { code: 'E_LATER' }); });
    ctx.on('job', (n) => ctx.bot.heard(n));`;
  const { manager, seen } = await loadedBench(
    { 'ear.ts': pluginSource('ear', setup) },
    { hotReload: false, bot: { heard: (n: number) => void heard.push(n) } },
  );
  expect(await manager.emit('job', 1)).toMatchObject({ delivered: ['ear'], failed: [] });
  await until(() => manager.get('ear')?.usage?.calls === 1, 'the count');
  expect(heard).toEqual([1]);
  expect(seen('log')).toEqual([
    {
      name: 'ear',
      level: 'error',
      fields: { topic: 'job', err: expect.objectContaining({ name: 'RangeError', message: 'at once' }) },
      text: "A handler of 'job' threw: at once",
    },
    {
      name: 'ear',
      level: 'error',
      fields: { topic: 'job', err: expect.objectContaining({ message: 'later', code: 'E_LATER' }) },
      text: "A handler of 'job' threw: later",
    },
  ]);
  await manager.emit('job', 2);
  await until(() => heard.length === 2, 'the next event');
  expect(seen('crashed')).toEqual([]);
  expect(seen('dead-letter')).toEqual([]);
  expect(manager.get('ear')).toMatchObject({ state: 'running', generation: 1, crashes: 0 });
});
