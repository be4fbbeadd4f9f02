import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { threadStack } from '#internal/isolate/thread-stack';

it('leaves a thread that went on before it could be asked as it was: it answers, and can be ended', async () => {
  const echo = `const { parentPort } = require('node:worker_threads');
    parentPort.on('message', (text) => parentPort.postMessage(text));
    parentPort.postMessage('ready');`;
  const worker = new Worker(echo, { eval: true });
  await once(worker, 'message');
  expect(await threadStack(worker.threadId)).toBeUndefined();
  const answer = once(worker, 'message');
  worker.postMessage('still there?');
  expect(await answer).toEqual(['still there?']);
  await worker.terminate();
});
