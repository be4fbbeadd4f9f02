/**
 * Whether the host stays smooth in a storm: how late its event loop comes to a timer while all plugins are reloaded at
 * once, one hangs, one runs out of memory and one floods its log. Beside it, a host of bare threads that replaces as many
 * of them while one spins: what Node and the machine cost.
 */
import { Subject } from './scale/subject.mjs';
import { LATE_MS } from './smooth/loop-delay.mjs';
import { readArguments } from './support/arguments.mjs';
import { lineChart } from './support/line-chart.mjs';
import { machine, printTable, printTargets, progress, writeResult } from './support/report.mjs';
import { median, withSpread } from './support/statistics.mjs';

/** @typedef {import('./smooth/loop-delay.mjs').LoopDelay} LoopDelay */

const { storms, plugins, hang, calm, quick } = readArguments({
  storms: { full: 8, quick: 1, about: 'storms' },
  plugins: { full: 50, quick: 10, about: 'plugins that are reloaded, and bare threads that are replaced' },
  hang: { full: 1_000, quick: 1_000, least: 1_000, about: 'ms of `hangMs` of the one that hangs' },
  calm: { full: 2_000, quick: 500, about: 'ms of calm before each storm' },
});
const LIMIT_MS = 10;

const hosts = [
  { name: 'Bulkhead', script: '../smooth/plugin-storm.mjs', args: [plugins, hang] },
  { name: 'bare threads', script: '../smooth/bare-storm.mjs', args: [plugins] },
].map(({ name, script, args }) => ({
  name,
  subject: new Subject(script, args.map(String)),
  calm: /** @type {LoopDelay[]} */ ([]),
  storm: /** @type {LoopDelay[]} */ ([]),
}));
for (const { subject } of hosts) await subject.ask('start');
const shown = progress('storms', storms);
// The first storm is for the compilers.
for (let storm = 0; storm <= storms; storm++) {
  for (const host of hosts) {
    const before = await host.subject.ask('calm', calm);
    const during = await host.subject.ask('storm');
    if (storm === 0) continue;
    host.calm.push(before);
    host.storm.push(during);
  }
  if (storm > 0) shown.update(storm);
}
for (const { subject } of hosts) await subject.end();

printTable(
  `Delay of the main thread's event loop in ${storms} storms with ${plugins} plugins, ms (Node ${process.version})`,
  ['', 'p50', 'p99', 'max', `% over ${LATE_MS} ms late`, 'took, s'],
  hosts.flatMap(({ name, calm, storm }) => [row(`${name}, calm`, calm), row(`${name}, storm`, storm)]),
);

/**
 * @param {string} label
 * @param {LoopDelay[]} delays
 */
function row(label, delays) {
  const columns = /** @type {const} */ (['p50', 'p99', 'max']).map((field) =>
    withSpread(delays.map((delay) => delay[field])),
  );
  const lateShare = withSpread(delays.map((delay) => delay.lateShare * 100));
  return [label, ...columns, lateShare, withSpread(delays.map(({ ms }) => ms / 1_000))];
}

const p99 = hosts[0].storm.map((delay) => delay.p99);
/** @type {import('./support/report.mjs').Target[]} */
const targets = [
  {
    what: 'delay of the event loop in a storm, p99',
    target: `≤ ${LIMIT_MS} ms`,
    measured: `${withSpread(p99)} ms`,
    met: median(p99) <= LIMIT_MS,
  },
];
printTargets(targets, quick);

const results = hosts.map(({ name, calm, storm }) => ({ name, calm, storm }));
await writeResult('smooth.json', { ...machine(), storms, plugins, targets, results });
const typical = hosts.map(({ name, storm }) => ({ name, points: typicalOf(storm).course }));
const ends = Math.max(...typical.flatMap(({ points }) => points.map(({ x }) => x)));
await writeResult(
  'smooth.svg',
  lineChart({
    title: `How late the main thread is in a typical storm, Node ${process.version}`,
    note: 'the storm whose p99 is the median; lower is better',
    x: 'ms since it began',
    y: 'largest delay in 50 ms, ms',
    lines: [
      ...typical,
      { name: 'target of p99', dashed: true, points: [0, ends].map((x) => ({ x, y: LIMIT_MS })) },
    ],
  }),
);

/** The one in the middle. @param {readonly LoopDelay[]} storm */
function typicalOf(storm) {
  return [...storm].sort((a, b) => a.p99 - b.p99)[Math.floor(storm.length / 2)];
}
