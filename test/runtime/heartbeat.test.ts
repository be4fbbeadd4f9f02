import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';

it('tells that the heap has become low when it notices, not at the next heartbeat', async () => {
  const worker = new Worker(new URL('./children/grow.mjs', import.meta.url), {
    resourceLimits: { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 8 },
  });
  const told: { heapBytes: number; heapLimitBytes: number; heapIsLow: boolean }[] = [];
  worker.on('message', (signs) => told.push(signs));
  await once(worker, 'exit');
  expect(told).toMatchObject([{ heapIsLow: true }]);
  const [{ heapBytes, heapLimitBytes }] = told as [(typeof told)[number]];
  expect(heapBytes / heapLimitBytes).toBeGreaterThan(0.7);
});
