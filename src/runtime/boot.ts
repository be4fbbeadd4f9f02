/** What every thread begins with: runs the runtime, which the host gives it compiled. Bundled as CommonJS, the quickest to load. */
import { createRequire } from 'node:module';
import threads from 'node:worker_threads';
import { type RuntimeCode, runtimeScript } from '../wire/runtime-code.ts';

const code: RuntimeCode = threads.workerData;
// It is large, and no business of the plugin.
Object.assign(threads, { workerData: null });
const runtime = { exports: {} as typeof import('./entry.ts') };
runtimeScript(code).runInThisContext()(runtime, createRequire(code.url), code.url);
runtime.exports.start((url) => import(url));
