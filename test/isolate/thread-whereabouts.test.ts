import { once } from 'node:events';
import { Session } from 'node:inspector';
import { Worker } from 'node:worker_threads';
import { expect, it, onTestFinished, vi } from 'vitest';
import { threadEnds } from '#internal/isolate/thread-ends';
import { threadWhereabouts } from '#internal/isolate/thread-whereabouts';
import { until } from '../support/workspace.ts';

it('leaves a thread that went on before it could be asked as it was: it answers, and can be ended', async () => {
  const echo = `const { parentPort } = require('node:worker_threads');
    parentPort.on('message', (text) => parentPort.postMessage(text));
    parentPort.postMessage('ready');`;
  const worker = new Worker(echo, { eval: true });
  await once(worker, 'message');
  expect(await threadWhereabouts(worker.threadId)).toEqual({ kind: 'outside' });
  const answer = once(worker, 'message');
  worker.postMessage('still there?');
  expect(await answer).toEqual(['still there?']);
  await worker.terminate();
});

it('says so of a thread that has ended', async () => {
  const worker = new Worker('', { eval: true });
  const { threadId } = worker;
  await once(worker, 'exit');
  expect(await threadWhereabouts(threadId)).toEqual({ kind: 'unknown', why: 'its thread is about to end' });
});

it('says that it cannot be known from another thread than the main one', async () => {
  const module = new URL('../../dist/isolate/thread-whereabouts.js', import.meta.url);
  const asking = new Worker(
    `import(${JSON.stringify(module)}).then(async ({ threadWhereabouts }) =>
       require('node:worker_threads').parentPort.postMessage(await threadWhereabouts(1)));`,
    { eval: true },
  );
  const [answer] = await once(asking, 'message');
  expect(answer).toEqual({ kind: 'unknown', why: expect.stringContaining('worker thread') });
});

/** A thread that is stuck in an endless loop, and one that does nothing. */
async function stuckAndIdle(): Promise<{ stuck: Worker; idle: Worker }> {
  const [stuck, idle] = ['for (;;);', 'setInterval(() => {}, 1_000);'].map(
    (code) =>
      new Worker(`require('node:worker_threads').parentPort.postMessage('ready'); ${code}`, { eval: true }),
  ) as [Worker, Worker];
  await Promise.all([once(stuck, 'message'), once(idle, 'message')]);
  return { stuck, idle };
}

it('says nothing to any thread while one ends, and asks again afterwards', async () => {
  const { stuck, idle } = await stuckAndIdle();
  const said = vi.spyOn(Session.prototype, 'post');
  onTestFinished(() => void said.mockRestore());
  const stack = threadWhereabouts(stuck.threadId);
  await until(() => said.mock.calls.length > 0, 'the first word');
  let saidBefore = 0;
  await threadEnds.end(async () => {
    saidBefore = said.mock.calls.length;
    expect(said.mock.lastCall?.[0]).toBe('NodeWorker.disable');
    await idle.terminate();
    expect(said.mock.calls).toHaveLength(saidBefore);
  });
  expect(await stack).toMatchObject({ kind: 'stack', stack: expect.stringContaining('[worker eval]:1:') });
  expect(said.mock.calls.length).toBeGreaterThan(saidBefore);
  await stuck.terminate();
});

it('can end a thread at any moment in which it is asked', async () => {
  const post = Session.prototype.post as (...args: unknown[]) => void;
  const spy = vi.spyOn(Session.prototype, 'post');
  onTestFinished(() => void spy.mockRestore());
  for (let words = 1; words <= 12; words++) {
    const { stuck, idle } = await stuckAndIdle();
    let said = 0;
    spy.mockImplementation(function (this: Session, ...args: unknown[]) {
      post.apply(this, args);
      if (++said === words) void threadEnds.end(() => stuck.terminate());
    });
    await threadWhereabouts(stuck.threadId);
    await Promise.all([stuck.terminate(), idle.terminate()]);
  }
});
