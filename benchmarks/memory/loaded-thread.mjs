/** What the plugin of the reload loop holds, without Bulkhead: its code, and 5 MB of data, three outside the heap. */
import { parentPort } from 'node:worker_threads';

/** @type {unknown[]} */
const kept = [];
parentPort?.on('message', async (url) => {
  const { compute, version } = await import(url);
  kept.push(Buffer.alloc(3 * 1024 * 1024, 1));
  kept.push(Array.from({ length: 30_000 }, (_, index) => ({ index, text: `entry ${index}` })));
  compute(kept.length);
  parentPort?.postMessage(version());
});
parentPort?.postMessage('ready');
