import { parentPort, workerData } from 'node:worker_threads';

const { default: plugin } = await import(workerData);
parentPort?.postMessage(plugin.version);
