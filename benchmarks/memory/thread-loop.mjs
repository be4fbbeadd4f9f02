/** Run by `memory.mjs` in a process of its own: what Node itself costs, without Bulkhead. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { runLoop, takeSample } from './loop.mjs';

const THREAD = new URL('./bare-thread.mjs', import.meta.url);

async function startAndEnd() {
  const worker = new Worker(THREAD);
  await once(worker, 'message');
  await worker.terminate();
}

await startAndEnd();
const start = await takeSample(0);
await runLoop(startAndEnd);
process.send?.({ kind: 'end', start, end: await takeSample(0) });
process.disconnect?.();
