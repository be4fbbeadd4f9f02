import { watch } from 'node:fs';
import { parentPort } from 'node:worker_threads';

// Run in a thread of its own: its event loop has to open an inotify instance, which that of the main thread may have.
try {
  watch('/').close();
  parentPort?.postMessage(undefined);
} catch (error) {
  parentPort?.postMessage(error);
}
