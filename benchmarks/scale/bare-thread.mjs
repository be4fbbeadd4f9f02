import { parentPort, workerData } from 'node:worker_threads';

const { default: plugin } = await import(workerData);
parentPort?.on('message', ({ text }) => parentPort?.postMessage(text.length));
parentPort?.postMessage(plugin.version);
