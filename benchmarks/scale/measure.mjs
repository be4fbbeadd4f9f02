import { setTimeout as wait } from 'node:timers/promises';
import { sample } from '../memory/sample.mjs';

/** Bytes of this process, when everything has settled and the garbage of its main thread is collected. */
export async function residentBytes() {
  const { rss } = await sample(0);
  return rss;
}

/**
 * How much of a core this process and all its threads use while nothing is asked of them, in percent.
 *
 * @param {number} ms
 */
export async function idleCpuPercent(ms) {
  const from = performance.now();
  const before = process.cpuUsage();
  await wait(ms);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 10 / (performance.now() - from);
}
