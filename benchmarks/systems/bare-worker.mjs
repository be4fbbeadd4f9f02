/** A `Worker` without anything around it: the new one is started, answers, and then the old one is ended. */
import { once } from 'node:events';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { sourceOf, writeInPlace } from './sources.mjs';

/** @type {import('./system.mjs').Start} */
export async function start({ folder, bytes }) {
  const file = join(folder, 'plugin.mjs');
  const source = sourceOf(
    bytes,
    (version, compute) => `import { parentPort } from 'node:worker_threads';
const compute = ${compute};
parentPort.on('message', (n) => parentPort.postMessage({ version: ${version}, result: compute(n) }));
parentPort.postMessage('ready');`,
  );
  /** @type {Worker | undefined} */
  let worker;
  return {
    save: (version) => writeInPlace(file, source(version)),
    reload: async () => {
      const next = new Worker(file);
      await once(next, 'message');
      await worker?.terminate();
      worker = next;
    },
    ask: async () => {
      worker?.postMessage(1);
      const [{ version }] = await once(/** @type {Worker} */ (worker), 'message');
      return version;
    },
    end: async () => worker?.terminate(),
  };
}
