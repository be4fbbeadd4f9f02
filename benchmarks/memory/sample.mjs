import { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';

/**
 * @typedef {object} Sample
 * @property {number} at after how many reloads
 * @property {number} rss bytes
 * @property {number} heapUsed bytes
 * @property {number} external bytes
 * @property {number} arrayBuffers bytes
 * @property {number | undefined} threads of the whole process; known on Linux only
 * @property {Record<string, number>} resources what keeps, or may keep, the event loop busy, by kind
 * @property {number} listeners on `process`
 */

/**
 * What the process holds when everything that is ending has ended and all garbage is collected.
 *
 * @param {number} at
 * @param {number} [settle] ms for which nothing happens before
 * @returns {Promise<Sample>}
 */
export async function sample(at, settle = 0) {
  await quiet();
  await wait(settle);
  for (let round = 0; round < 3; round++) {
    globalThis.gc?.();
    // Finalizers, and what they let go of in turn.
    await wait(1);
  }
  const { rss, heapUsed, external, arrayBuffers } = process.memoryUsage();
  const listeners = process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0);
  return {
    at,
    rss,
    heapUsed,
    external,
    arrayBuffers,
    threads: threads(),
    resources: resources(),
    listeners,
  };
}

/** Waits until no thread has come or gone for a while. */
async function quiet() {
  let before = threads();
  for (let still = 0, tries = 0; still < 6 && tries < 200; still++, tries++) {
    await wait(10);
    const now = threads();
    if (now !== before) still = -1;
    before = now;
  }
}

function threads() {
  try {
    const count = /^Threads:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    return count === undefined ? undefined : Number(count);
  } catch {
    return undefined;
  }
}

function resources() {
  /** @type {Record<string, number>} */
  const counts = {};
  for (const kind of process.getActiveResourcesInfo()) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}
