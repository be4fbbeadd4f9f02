/**
 * Run by `memory.mjs` in a process of its own: bare threads that bear what a reload has in it. Each imports as much code and
 * holds as much data as the plugin does, is started ahead like a standby, is there together with the one before it for a
 * moment, and has a second thread do a job. So what Node itself leaves behind of such threads can be told from what
 * Bulkhead does.
 */
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { resourceLimits } from '#internal/isolate/thread';
import { DEFAULTS } from '#internal/options';
import { LARGE } from '../support/plugin-sources.mjs';
import { moduleSource } from '../systems/sources.mjs';
import { runLoop, takeSample } from './loop.mjs';

const THREAD = new URL('./loaded-thread.mjs', import.meta.url);
const JOB = new URL('./bare-thread.mjs', import.meta.url);
const OPTIONS = {
  env: {},
  stdout: true,
  stderr: true,
  resourceLimits: resourceLimits(DEFAULTS.plugin.limits.heapMb),
};

const folder = await mkdtemp(join(tmpdir(), 'bulkhead-benchmark-'));
const source = moduleSource(LARGE);
let standby = start();
/** @type {Worker | undefined} */
let current;
let turns = 0;

function start() {
  const worker = new Worker(THREAD, OPTIONS);
  return { worker, ready: once(worker, 'message') };
}

async function replace() {
  const file = join(folder, `${++turns}.mjs`);
  await writeFile(file, source(turns));
  const { worker, ready } = standby;
  await ready;
  worker.postMessage(pathToFileURL(file).href);
  const [version] = await once(worker, 'message');
  if (version !== turns) throw new Error('an old version serves');
  await rm(file);
  standby = start();
  const job = new Worker(JOB, OPTIONS);
  await once(job, 'message');
  await Promise.all([current?.terminate(), job.terminate()]);
  current = worker;
}

await replace();
const before = await takeSample(0);
await runLoop(replace);
await standby.ready;
await Promise.all([current?.terminate(), standby.worker.terminate()]);
process.send?.({ kind: 'end', start: before, end: await takeSample(0) });
await rm(folder, { recursive: true });
process.disconnect?.();
