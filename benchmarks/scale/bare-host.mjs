/** Run by `scale.mjs` in a process of its own: so many bare threads, with the limits that plugins have. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { resourceLimits } from '#internal/isolate/thread';
import { DEFAULTS } from '#internal/options';
import { buildPlugin } from '#internal/source/build';
import { smallPlugin } from '../support/plugin-sources.mjs';
import { Workspace } from '../support/workspace.mjs';
import { idleCpuPercent, residentBytes } from './measure.mjs';
import { answer } from './subject.mjs';

const THREAD = new URL('bare-thread.mjs', import.meta.url);
const LIMITS = resourceLimits(DEFAULTS.plugin.limits.heapMb);
const [size] = process.argv.slice(2).map(Number);

const workspace = await Workspace.create();
const file = await workspace.save('bare.ts', smallPlugin({ name: 'bare', version: 0 }));
const { url } = await buildPlugin(file, workspace.root);
/** @type {Worker[]} */
const workers = [];

/** One that has imported the module and answered. */
async function startOne() {
  const worker = new Worker(THREAD, { workerData: url, resourceLimits: LIMITS });
  await once(worker, 'message');
  workers.push(worker);
}

answer({
  /** Milliseconds until all have answered, as many starting at once as plugins do. */
  async start() {
    const from = performance.now();
    let left = size;
    const startSome = async () => {
      while (left-- > 0) await startOne();
    };
    await Promise.all(Array.from({ length: DEFAULTS.concurrency }, startSome));
    return performance.now() - from;
  },
  memory: residentBytes,
  idle: idleCpuPercent,
  /** Milliseconds until every thread has answered to a message. */
  async event() {
    const from = performance.now();
    const answers = workers.map((worker) => once(worker, 'message'));
    for (const worker of workers) worker.postMessage({ text: 'to all' });
    await Promise.all(answers);
    return performance.now() - from;
  },
  async end() {
    await Promise.all(workers.map((worker) => worker.terminate()));
    await workspace.remove();
  },
});
