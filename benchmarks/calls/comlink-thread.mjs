import { createRequire } from 'node:module';
import { parentPort } from 'node:worker_threads';
import { functions } from './functions.mjs';

const require = createRequire(import.meta.url);
require('comlink').expose(functions, require('comlink/dist/umd/node-adapter.js')(parentPort));
parentPort?.postMessage('ready');
