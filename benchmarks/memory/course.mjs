import { progress } from '../support/report.mjs';
import { median, percentile, slope, slopeRange, spread } from '../support/statistics.mjs';
import { SystemProcess } from '../systems/system-client.mjs';

const KB = 1024;
const MB = 1024 * KB;
const GB = 1024 * MB;
/** Where a bot on a small machine is at its end. */
export const LIMIT = 2 * GB;
/** Growth below this, bytes per reload, is not told from the noise of a system that levels off. */
const FLAT = KB;
/** Of fewer samples nobody should say how it goes on: at first everything grows. */
const FEW = 6;

/**
 * @typedef {object} Point
 * @property {number} at after so many reloads
 * @property {number} total memory of the process and its children, bytes
 * @property {number} heapUsed JavaScript heap of its main thread, bytes
 */

/**
 * @typedef {object} Course how the memory of one system went
 * @property {string} name
 * @property {string} label
 * @property {Point[]} points
 * @property {number} reloads how many it made
 * @property {number[]} times of the reloads, ms
 * @property {number} unseen saves that had to be made again
 * @property {string} [stopped] why it made fewer than it was asked for
 */

/**
 * Reloads one plugin in one system over and over, until that was done as often as asked, the time is over, the limit is
 * reached, or the system is at its end.
 *
 * @param {import('../systems/catalogue.mjs').Entry} entry
 * @param {{ bytes: number, reloads: number, samples: number, longestMs: number }} run
 * @returns {Promise<Course>}
 */
export async function follow(entry, { bytes, reloads, samples, longestMs }) {
  const { name, label } = entry;
  /** @type {Course} */
  const course = { name, label, points: [], reloads: 0, times: [], unseen: 0 };
  /** @type {SystemProcess | undefined} */
  let system;
  try {
    const from = performance.now();
    system = await SystemProcess.start(entry, bytes, 'told');
    const shown = progress(`${label}, ${Math.round(bytes / KB)} KB`, reloads);
    for (let taken = 0; ; ) {
      // By count or by the clock, whichever is first: slow systems too are to have a course.
      const done = Math.max(course.reloads / reloads, (performance.now() - from) / longestMs);
      if (done >= taken / samples) {
        const { total = Number.NaN, heapUsed } = await system.memory();
        course.points.push({ at: course.reloads, total, heapUsed });
        taken = Math.floor(done * samples) + 1;
        if (total >= LIMIT) course.stopped = '2 GB reached';
        else if (done >= 1 && course.reloads < reloads) course.stopped = 'time over';
        if (course.stopped !== undefined || done >= 1) return course;
      }
      const { ms, unseen } = await system.turn(course.reloads + 1);
      course.reloads++;
      course.times.push(ms);
      course.unseen += unseen;
      shown.update(course.reloads);
    }
  } catch (error) {
    const [text] = (error instanceof Error ? error.message : String(error)).split('\n');
    course.stopped =
      course.reloads === 0 ? `cannot run: ${text}` : `failed at reload ${course.reloads + 1}: ${text}`;
    return course;
  } finally {
    await system?.end().catch(() => {});
  }
}

/**
 * What a course comes to.
 *
 * @param {Course} course
 */
export function summarize({ points, times, reloads }) {
  const half = points.filter(({ at }) => at >= reloads / 2);
  const course = half.length < FEW ? [] : half.map(({ at, total }) => ({ x: at, y: total }));
  const growth = slope(course);
  const range = slopeRange(course);
  const last = points.at(-1)?.total ?? Number.NaN;
  return {
    startMb: (points[0]?.total ?? Number.NaN) / MB,
    endMb: last / MB,
    /** Of the second half, per reload. */
    growthKb: growth / KB,
    /** Between what that lies. */
    growthRangeKb: { low: range.low / KB, high: range.high / KB },
    /** Of the second half. */
    levelMb: spread(half.map(({ total }) => total / MB)),
    msPerReload: { median: median(times), p99: percentile(times, 0.99) },
    limitAt: limitAt(),
  };

  /** The reload at which it had, or would have, 2 GB; `undefined` if it levels off, `unknown` if too little was measured. */
  function limitAt() {
    if (last >= LIMIT) return { reload: reloads, reached: true };
    if (Number.isNaN(growth)) return 'unknown';
    if (!(growth > FLAT && range.low > 0)) return undefined;
    return { reload: Math.round(reloads + (LIMIT - last) / growth), reached: false };
  }
}
