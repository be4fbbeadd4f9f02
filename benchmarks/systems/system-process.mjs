/** Run by `SystemProcess`: one system in a process of its own, which does what it is told. */
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { endWithParent } from '../scale/subject.mjs';
import { SYSTEMS } from './catalogue.mjs';

/**
 * Between two saves, where the file is watched: some watchers leave out a second change within 50 ms, and with it the save.
 * Not counted.
 */
const REST_MS = 100;
/**
 * After this time a save counts as not seen, and is made again, ms: longer than the slowest systems take, since a save during
 * a reload makes them begin anew.
 */
const UNSEEN_MS = 30_000;
/** How often a save is made again before the system counts as broken. */
const TRIES = 3;

endWithParent();
const [name, bytes, watch] = process.argv.slice(2);
const entry = SYSTEMS.find((each) => each.name === name);
if (entry === undefined) throw new Error(`There is no system '${name}'`);
const start = await entry.load();
const folder = await realpath(await mkdtemp(join(tmpdir(), 'bulkhead-system-')));
const system = await start({ folder, bytes: Number(bytes), watch: watch === 'watch' });
await turn(0);

process.on('message', async (/** @type {any} */ request) => {
  try {
    process.send?.({ kind: 'answer', result: await answer(request) });
  } catch (error) {
    process.send?.({ kind: 'answer', error: String(error instanceof Error ? error.stack : error) });
  }
});
process.send?.({ kind: 'answer' });

/** @param {{ kind: string, version: number }} request */
async function answer({ kind, version }) {
  switch (kind) {
    case 'turn':
      return turn(version);
    case 'tidy':
      return tidy();
    default:
      await system.end();
      await rm(folder, { recursive: true, force: true });
      setImmediate(() => process.exit());
  }
}

/**
 * Saves a version and waits until it answers.
 *
 * @param {number} version
 */
async function turn(version) {
  if (system.reload === undefined) await wait(REST_MS);
  for (let tries = 1; tries <= TRIES; tries++) {
    // What was not seen is told apart from how long it takes: by itself it would take for ever.
    const from = performance.now();
    await system.save(version);
    await system.reload?.();
    if (await serves(version)) return { ms: performance.now() - from, unseen: tries - 1 };
  }
  throw new Error(`version ${version} was saved ${TRIES} times and never served`);
}

/** @param {number} version */
async function serves(version) {
  const deadline = performance.now() + UNSEEN_MS;
  while (performance.now() < deadline) {
    // While a system is between two versions it may have no answer.
    const answered = await Promise.resolve(system.ask()).catch(() => undefined);
    if (answered === version) return true;
    await wait(1);
  }
  return false;
}

/** Collects what is garbage, so that only what is kept is counted. */
async function tidy() {
  for (let round = 0; round < 3; round++) {
    globalThis.gc?.();
    await wait(20);
  }
  return { heapUsed: process.memoryUsage().heapUsed };
}
