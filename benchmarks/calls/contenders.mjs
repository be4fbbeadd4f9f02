/** Ways to call the same functions in another thread or process. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { PluginManager } from 'bulkhead';
import { SILENT, Workspace } from '../support/workspace.mjs';

/**
 * @typedef {object} Contender
 * @property {(...args: unknown[]) => Promise<unknown>} add
 * @property {(...args: unknown[]) => Promise<unknown>} echo
 * @property {(payload: unknown) => Promise<unknown>} event an event to a handler
 * @property {() => Promise<unknown>} handled how many events were handled so far
 * @property {() => Promise<unknown>} close
 */

const PLUGIN = `import { definePlugin } from 'bulkhead/plugin';

let handled = 0;
export default definePlugin({
  name: 'callee', version: '1.0.0',
  setup(ctx) {
    ctx.on('chat.message', () => { handled++; });
    return { add: (a: number, b: number) => a + b, echo: (value: unknown) => value, handled: () => handled };
  },
});
`;

/**
 * @param {'thread' | 'process'} isolation
 * @returns {Promise<Contender>}
 */
async function startBulkhead(isolation) {
  const workspace = await Workspace.create();
  await workspace.save('callee.ts', PLUGIN);
  const manager = new PluginManager({
    pluginDir: workspace.pluginDir,
    logger: SILENT,
    hotReload: false,
    defaults: { isolation },
  });
  const { failed } = await manager.loadAll();
  if (failed.length > 0) throw failed[0].error;
  const { add, echo, handled } = /** @type {Record<string, any>} */ (manager.plugin('callee'));
  return {
    add,
    echo,
    handled,
    event: (payload) => manager.emit('chat.message', payload),
    close: async () => {
      await manager.unloadAll();
      await workspace.remove();
    },
  };
}

export const bulkhead = () => startBulkhead('thread');
export const bulkheadProcess = () => startBulkhead('process');

/** @returns {Promise<Contender>} */
export async function comlink() {
  const worker = await start('comlink-thread.mjs');
  // One form for both: the package's main entry is UMD, and so must its adapter be.
  const require = createRequire(import.meta.url);
  const remote = require('comlink').wrap(require('comlink/dist/umd/node-adapter.js')(worker));
  return {
    add: (...args) => remote.add(...args),
    echo: (...args) => remote.echo(...args),
    handled: () => remote.handled(),
    event: (payload) => remote.event(payload),
    close: () => worker.terminate(),
  };
}

/** @returns {Promise<Contender>} */
export async function raw() {
  const worker = await start('raw-thread.mjs');
  return byMessages(
    (request) => worker.postMessage(request),
    (listener) => worker.on('message', listener),
    () => worker.terminate(),
  );
}

/** @returns {Promise<Contender>} */
export async function ipc() {
  const child = fork(fileURLToPath(new URL('ipc-process.mjs', import.meta.url)), {
    execArgv: [],
    serialization: 'advanced',
  });
  await once(child, 'message');
  return byMessages(
    (request) => child.send(/** @type {any} */ (request)),
    (listener) => child.on('message', listener),
    async () => {
      child.disconnect();
      await once(child, 'exit');
    },
  );
}

/**
 * A message for each call and one for its answer, without anything else.
 *
 * @param {(request: unknown) => void} send
 * @param {(listener: (answer: any) => void) => void} listen
 * @param {() => Promise<unknown>} close
 * @returns {Contender}
 */
function byMessages(send, listen, close) {
  /** @type {Map<number, (value: unknown) => void>} */
  const waiting = new Map();
  let last = 0;
  listen(({ id, value }) => {
    waiting.get(id)?.(value);
    waiting.delete(id);
  });
  /** @type {(name: string) => (...args: unknown[]) => Promise<unknown>} */
  const caller =
    (name) =>
    (...args) =>
      new Promise((resolve) => {
        const id = ++last;
        waiting.set(id, resolve);
        send({ id, name, args });
      });
  return {
    add: caller('add'),
    echo: caller('echo'),
    handled: caller('handled'),
    event: caller('event'),
    close,
  };
}

/** @param {string} script */
async function start(script) {
  const worker = new Worker(new URL(script, import.meta.url));
  await once(worker, 'message');
  return worker;
}
