import { monitorEventLoopDelay } from 'node:perf_hooks';

/**
 * @typedef {object} LoopDelay how much later than asked for the event loop of a main thread came to a timer, ms
 * @property {number} ms how long it was watched
 * @property {number} p50
 * @property {number} p99
 * @property {number} max
 * @property {number} lateShare of the time in which the loop was more than {@link LATE_MS} late, 0 to 1
 * @property {{ x: number, y: number }[]} course the largest of each slice of time, by the ms since the begin
 */

const RESOLUTION_MS = 1;
const SLICE_MS = 50;
/** A delay that counts, however few there are: a percentile counts the delays, and a long one is only one. */
export const LATE_MS = 10;

/**
 * Watches the event loop of this thread during `work`.
 *
 * @param {() => Promise<unknown>} work
 * @returns {Promise<LoopDelay>}
 */
export async function watchLoop(work) {
  const whole = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  const slice = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  /** @type {LoopDelay['course']} */
  const course = [];
  const from = performance.now();
  let lateMs = 0;
  let last = from;
  const ticks = setInterval(() => {
    const now = performance.now();
    const delay = now - last - RESOLUTION_MS;
    if (delay > LATE_MS) lateMs += delay;
    last = now;
  }, RESOLUTION_MS);
  const timer = setInterval(() => {
    course.push({ x: performance.now() - from, y: late(slice.max) });
    slice.reset();
  }, SLICE_MS);
  whole.enable();
  slice.enable();
  try {
    await work();
  } finally {
    clearInterval(ticks);
    clearInterval(timer);
    whole.disable();
    slice.disable();
  }
  const [p50, p99] = [50, 99].map((share) => late(whole.percentile(share)));
  const ms = performance.now() - from;
  return { ms, p50, p99, max: late(whole.max), lateShare: lateMs / ms, course };
}

/** What is measured is the time from one timer to the next. @param {number} ns */
function late(ns) {
  return Math.max(0, ns / 1e6 - RESOLUTION_MS);
}
