/** Run by `smooth.mjs` in a process of its own: bare threads that are all replaced while one more spins. */
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { resourceLimits } from '#internal/isolate/thread';
import { DEFAULTS } from '#internal/options';
import { buildPlugin } from '#internal/source/build';
import { answer } from '../scale/subject.mjs';
import { smallPlugin } from '../support/plugin-sources.mjs';
import { Workspace } from '../support/workspace.mjs';
import { watchLoop } from './loop-delay.mjs';

const THREAD = new URL('../scale/bare-thread.mjs', import.meta.url);
const LIMITS = resourceLimits(DEFAULTS.plugin.limits.heapMb);
const [size] = process.argv.slice(2).map(Number);

const workspace = await Workspace.create();
const file = await workspace.save('bare.ts', smallPlugin({ name: 'bare', version: 0 }));
const { url } = await buildPlugin(file, workspace.root);
/** @type {(Worker | undefined)[]} */
const workers = Array.from({ length: size }, () => undefined);

answer({
  start: replaceAll,
  /** @param {number} ms */
  calm: (ms) => watchLoop(() => wait(ms)),
  storm: () => watchLoop(storm),
  async end() {
    await Promise.all(workers.map((worker) => worker?.terminate()));
    await workspace.remove();
  },
});

async function storm() {
  const spinning = new Worker('for (;;);', { eval: true });
  await replaceAll();
  await spinning.terminate();
}

/** As many at once as plugins are reloaded at once. */
async function replaceAll() {
  const left = [...workers.keys()];
  const replaceSome = async () => {
    for (let index = left.pop(); index !== undefined; index = left.pop()) {
      const worker = new Worker(THREAD, { workerData: url, resourceLimits: LIMITS });
      await once(worker, 'message');
      await workers[index]?.terminate();
      workers[index] = worker;
    }
  };
  await Promise.all(Array.from({ length: DEFAULTS.concurrency }, replaceSome));
}
