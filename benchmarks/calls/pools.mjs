/** The same functions in pools of one thread or process, which are made for jobs rather than for plugins. */
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { importAlternative } from '../support/alternatives.mjs';

/** @typedef {import('./contenders.mjs').Contender} Contender */

/** @returns {Promise<Contender>} */
export async function piscina() {
  const pool = new Piscina({
    filename: new URL('pool-thread.mjs', import.meta.url).href,
    minThreads: 1,
    maxThreads: 1,
    concurrentTasksPerWorker: 1_000,
  });
  const run =
    (/** @type {string} */ name) =>
    (/** @type {unknown[]} */ ...args) =>
      pool.run(args, { name });
  return {
    add: run('add'),
    echo: run('echo'),
    handled: run('handled'),
    event: run('event'),
    close: () => pool.destroy(),
  };
}

/** @returns {Promise<Contender>} */
export async function workerpool() {
  const { default: library } = await importAlternative('workerpool');
  const pool = library.pool(fileURLToPath(new URL('workerpool-thread.mjs', import.meta.url)), {
    workerType: 'thread',
    minWorkers: 1,
    maxWorkers: 1,
  });
  const run =
    (/** @type {string} */ name) =>
    async (/** @type {unknown[]} */ ...args) =>
      pool.exec(name, args);
  return {
    add: run('add'),
    echo: run('echo'),
    handled: run('handled'),
    event: run('event'),
    close: () => pool.terminate(),
  };
}
