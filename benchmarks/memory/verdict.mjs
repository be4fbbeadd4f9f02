import { slope } from '../support/statistics.mjs';

/** @typedef {import('./run-loop-process.mjs').Run} Run */

const KB = 1024;
const MB = 1024 * KB;

/**
 * Growth of the whole process over the second half, KB for each turn.
 *
 * @param {Run} run
 */
export function growthKb({ samples }) {
  const half = (samples.at(-1)?.at ?? 0) / 2;
  return slope(samples.filter(({ at }) => at >= half).map(({ at, rss }) => ({ x: at, y: rss / KB })));
}

/** @param {import('./sample.mjs').Sample} sample */
export function handles({ resources }) {
  return Object.values(resources).reduce((sum, count) => sum + count, 0);
}

/**
 * @param {Run} bulkhead
 * @param {Run} bare
 * @param {Run} loaded what Node itself leaves behind of threads that bear the same load
 * @returns {import('../support/report.mjs').Target[]}
 */
export function judge(bulkhead, bare, loaded) {
  const { samples, start, end, generations = 0, uncollected = 0 } = bulkhead;
  const from = Math.min(500, Math.ceil((samples.at(-1)?.at ?? 0) / 4));
  const heaps = samples.filter(({ at }) => at >= from).map(({ heapUsed }) => heapUsed);
  const band = (Math.max(...heaps) - Math.min(...heaps)) / 2 / MB;
  return [
    {
      what: `JS heap from reload ${from} on`,
      target: '±2 MB',
      measured: `±${band.toFixed(2)} MB`,
      met: band <= 2,
    },
    atMostMore('RSS growth per reload above that per bare thread, second half', bulkhead, bare),
    atMostMore('the same above that per bare thread with as much load', bulkhead, loaded),
    noMore('threads after the end', end.threads ?? 0, start.threads ?? 0),
    noMore('handles after the end (ports, timers, pipes)', handles(end), handles(start)),
    noMore('listeners on process after the end', end.listeners, start.listeners),
    // Of none that were seen nothing is known.
    noMore(`generations not collected, of ${generations}`, generations > 0 ? uncollected : Number.NaN, 0),
  ];
}

/**
 * @param {string} what
 * @param {Run} bulkhead
 * @param {Run} other
 */
function atMostMore(what, bulkhead, other) {
  const [own, others] = [growthKb(bulkhead), growthKb(other)];
  return {
    what,
    target: '≤ 1 KB',
    measured: `${own.toFixed(2)} − ${others.toFixed(2)} KB`,
    met: own - others <= 1,
  };
}

/**
 * @param {string} what
 * @param {number} after
 * @param {number} before
 */
function noMore(what, after, before) {
  return { what, target: `≤ ${before}`, measured: `${after}`, met: after <= before };
}
