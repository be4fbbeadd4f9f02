import { parentPort } from 'node:worker_threads';
import { functions } from './functions.mjs';

parentPort?.on('message', ({ id, name, args }) => {
  parentPort?.postMessage({ id, value: /** @type {any} */ (functions)[name](...args) });
});
parentPort?.postMessage('ready');
