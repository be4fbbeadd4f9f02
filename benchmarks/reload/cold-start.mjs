import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { buildPlugin } from '#internal/source/build';

const THREAD = new URL('./cold-thread.mjs', import.meta.url);

/**
 * What a reload is compared with: a fresh thread that imports the module, already built, and says one word.
 *
 * @param {string} file a plugin
 * @param {string} directory where to build it
 */
export async function coldStarter(file, directory) {
  const { url } = await buildPlugin(file, directory);
  return async () => {
    const from = performance.now();
    const worker = new Worker(THREAD, { workerData: url });
    await once(worker, 'message');
    const ms = performance.now() - from;
    await worker.terminate();
    return ms;
  };
}
