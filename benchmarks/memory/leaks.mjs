import { lineChart } from '../support/line-chart.mjs';
import { machine, printTable, printTargets, writeResult } from '../support/report.mjs';
import { runLoopProcess } from './run-loop-process.mjs';
import { growthKb, handles, judge } from './verdict.mjs';

/** @typedef {import('./run-loop-process.mjs').Run} Run */
/** @typedef {import('./sample.mjs').Sample} Sample */

const MB = 1024 * 1024;
const ROWS = 12;

/**
 * What reloads of a plugin that uses everything leave behind, beside what as many bare threads do: such as do nothing, and
 * such as bear the same load. Memory is counted per process, so each loop has a process of its own, one after the other.
 *
 * @param {{ reloads: number, samples: number, settle: number, quick: boolean }} run
 */
export async function measureLeaks({ reloads, samples, settle, quick }) {
  const every = Math.max(1, Math.floor(reloads / samples));
  const run = (/** @type {string} */ script, /** @type {string} */ what) =>
    runLoopProcess(script, what, { turns: reloads, every, settle });
  const bare = await run('thread-loop.mjs', 'bare threads');
  const loaded = await run('loaded-thread-loop.mjs', 'bare threads with a load');
  const bulkhead = await run('reload-loop.mjs', 'reloads');
  const step = Math.ceil(bulkhead.samples.length / ROWS);
  const rows = bulkhead.samples
    .map((own, index) => row(own.at, own, bare.samples[index], loaded.samples[index]))
    .filter((_, index) => (index + 1) % step === 0);
  printTable(
    `Memory over ${reloads} reloads of a 135 KB plugin that uses everything, MB (Node ${process.version})`,
    ['reloads', 'RSS', 'bare', 'bare with load', 'JS heap', 'external', 'buffers', 'threads', 'handles'],
    [
      row('start', bulkhead.start, bare.start, loaded.start),
      ...rows,
      row('end', bulkhead.end, bare.end, loaded.end),
    ],
  );
  process.stdout.write(
    `  handles at the start: ${listed(bulkhead.start)}; at the end: ${listed(bulkhead.end)}\n`,
  );
  const targets = judge(bulkhead, bare, loaded);
  printTargets(targets, quick);
  await writeResult('leaks.json', {
    ...machine(),
    reloads,
    settle,
    growthKb: { bulkhead: growthKb(bulkhead), bare: growthKb(bare), loaded: growthKb(loaded) },
    targets,
    bulkhead,
    bare,
    loaded,
  });
  await writeResult('leaks.svg', chart(reloads, bulkhead, bare, loaded));
}

/**
 * @param {string | number} label
 * @param {Sample} own
 * @param {Sample} bare
 * @param {Sample} loaded
 */
function row(label, own, bare, loaded) {
  const megabytes = [own.rss, bare.rss, loaded.rss, own.heapUsed, own.external, own.arrayBuffers];
  return [label, ...megabytes.map((bytes) => (bytes / MB).toFixed(1)), own.threads ?? '?', handles(own)];
}

/** @param {Sample} sample */
function listed({ resources }) {
  const counts = Object.entries(resources).map(([kind, count]) => `${kind} ${count}`);
  return counts.join(', ') || 'none';
}

/**
 * @param {number} reloads
 * @param {Run} bulkhead
 * @param {Run} bare
 * @param {Run} loaded
 */
function chart(reloads, bulkhead, bare, loaded) {
  const points = (/** @type {Run} */ run, /** @type {'rss' | 'heapUsed' | 'external'} */ field) =>
    run.samples.map((sample) => ({ x: sample.at, y: sample[field] / MB }));
  return lineChart({
    title: `Memory over ${reloads.toLocaleString('en')} reloads of a plugin that uses everything, Node ${process.version}`,
    note: 'lower and flatter is better',
    x: 'reloads',
    y: 'MB',
    lines: [
      { name: 'RSS, Bulkhead', points: points(bulkhead, 'rss') },
      { name: 'RSS, bare threads with a load', points: points(loaded, 'rss'), dashed: true },
      { name: 'RSS, bare threads', points: points(bare, 'rss'), dashed: true },
      { name: 'JS heap, Bulkhead', points: points(bulkhead, 'heapUsed') },
      { name: 'external, Bulkhead', points: points(bulkhead, 'external') },
    ],
  });
}
