/**
 * How Bulkhead does with ever more plugins, beside as many bare threads with the same limits: time to start all, memory of
 * each, reload of one, an event to all, and what it costs when nothing happens. Every number of plugins has a process of
 * its own; within a round they are all there, and take turns, so that a busy machine slows down all of them.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { BARE, BULKHEAD, figuresOf, memoryOfOne, ratios } from './scale/figures.mjs';
import { Subject } from './scale/subject.mjs';
import { readArguments } from './support/arguments.mjs';
import { lineChart } from './support/line-chart.mjs';
import { machine, printTable, printTargets, progress, writeResult } from './support/report.mjs';
import { median, spread, withSpread } from './support/statistics.mjs';

const { rounds, most, starts, reloads, idle, settle, quick } = readArguments({
  rounds: { full: 3, quick: 1, about: 'rounds, each with new processes' },
  most: { full: 200, quick: 10, least: 10, about: 'most plugins' },
  starts: { full: 3, quick: 1, about: 'starts of 50 in each round' },
  reloads: { full: 10, quick: 5, about: 'reloads, and events, of each size in each round' },
  idle: { full: 10_000, quick: 1_000, about: 'ms for which nothing happens' },
  // After 8 s V8 tidies up in each thread.
  settle: { full: 10_000, quick: 500, about: 'ms before that' },
});

const SIZES = [1, 10, 50, 200].filter((size) => size <= most);
const LARGEST = SIZES[SIZES.length - 1];
/** Of so many plugins start, memory and idle time are judged. */
const JUDGED = Math.min(50, LARGEST);
/** Between two reloads, ms, for the next standby to boot. */
const REST_MS = 120;
const MB = 1024 * 1024;

const figures = figuresOf(SIZES);
const shown = progress('rounds', rounds);
for (let round = 0; round < rounds; round++) {
  const running = [];
  for (const size of SIZES) running.push(...(await startBoth(size, round)));
  for (let extra = 1; extra < starts; extra++)
    for (const { subject } of await startBoth(JUDGED, round + extra)) await subject.end();
  await beIdle(running);
  await takeTurns(running);
  for (const { subject } of running) await subject.end();
  shown.update(round + 1);
}

/** @typedef {{ kind: string, size: number, subject: Subject }} Running */

/**
 * Starts so many plugins and as many bare threads, one after the other, every second time the other way round.
 *
 * @param {number} size
 * @param {number} turn
 * @returns {Promise<Running[]>}
 */
async function startBoth(size, turn) {
  const kinds = turn % 2 === 0 ? [BULKHEAD, BARE] : [BARE, BULKHEAD];
  /** @type {Running[]} */
  const both = [];
  for (const kind of kinds) {
    // At least one sweep falls into the idle time.
    const subject = new Subject(kind.script, [String(size), String(idle)]);
    figures[kind.name][size].startMs.push(await subject.ask('start'));
    both.push({ kind: kind.name, size, subject });
  }
  return both;
}

/** @param {Running[]} running */
async function beIdle(running) {
  await wait(settle);
  await Promise.all(
    running.map(async ({ kind, size, subject }) => {
      figures[kind][size].idlePercent.push(await subject.ask('idle', idle));
    }),
  );
  for (const { kind, size, subject } of running)
    figures[kind][size].memoryMb.push((await subject.ask('memory')) / MB);
}

/** @param {Running[]} running */
async function takeTurns(running) {
  // The first time is for the compilers.
  for (let turn = 0; turn <= reloads; turn++) {
    for (const { kind, size, subject } of running) {
      const into = figures[kind][size];
      const eventMs = await subject.ask('event');
      if (turn > 0) into.eventMs.push(eventMs);
      if (kind === BARE.name) continue;
      await wait(REST_MS);
      const reloadMs = await subject.ask('reload');
      if (turn > 0) into.reloadMs.push(reloadMs);
    }
  }
}

const { bulkhead, bare } = figures;

printTable(
  `So many plugins: median (least–largest), Node ${process.version}`,
  ['plugins', 'start, ms', 'MB each', 'idle, % of core', 'event to all, ms', 'reload, ms'],
  SIZES.map((size) => [...shared(bulkhead, size), withSpread(bulkhead[size].reloadMs, 1)]),
);
printTable(
  'As many bare threads',
  ['threads', 'start, ms', 'MB each', 'idle, % of core', 'message to all, ms'],
  SIZES.map((size) => shared(bare, size)),
);

/**
 * @param {typeof bulkhead} of
 * @param {number} size
 */
function shared(of, size) {
  const { startMs, idlePercent, eventMs } = of[size];
  return [
    size,
    withSpread(startMs, 0),
    withSpread(memoryOfOne(of, size), 2),
    withSpread(idlePercent, 2),
    withSpread(eventMs, 1),
  ];
}

/** @type {import('./support/report.mjs').Target[]} */
const targets = [
  atMost(
    `reload of one at ${LARGEST} / at 1, medians of each round`,
    1.3,
    ratios(reloadByRound(LARGEST), reloadByRound(1)),
  ),
  atMost(
    `memory of each at ${LARGEST} / of a bare thread`,
    1.15,
    ratios(memoryOfOne(bulkhead, LARGEST), memoryOfOne(bare, LARGEST)),
  ),
  atMost(
    `start of ${JUDGED} / of as many bare threads`,
    1.2,
    ratios(bulkhead[JUDGED].startMs, bare[JUDGED].startMs),
  ),
  atMost(`idle at ${JUDGED}, % of a core`, 0.5, bulkhead[JUDGED].idlePercent),
];
printTargets(targets, quick);

/** @param {number} size */
function reloadByRound(size) {
  const { reloadMs } = bulkhead[size];
  return Array.from({ length: rounds }, (_, round) =>
    median(reloadMs.slice(round * reloads, (round + 1) * reloads)),
  );
}

/**
 * @param {string} what
 * @param {number} limit
 * @param {readonly number[]} values
 */
function atMost(what, limit, values) {
  return { what, target: `≤ ${limit}`, measured: withSpread(values, 2), met: median(values) <= limit };
}

/** @type {import('./support/report.mjs').Ratio[]} */
const compared = [
  {
    name: 'scale: memory of a plugin, of a bare thread',
    better: 'lower',
    ...spread(ratios(memoryOfOne(bulkhead, LARGEST), memoryOfOne(bare, LARGEST))),
  },
  {
    name: `scale: start of ${JUDGED}, of bare threads`,
    better: 'lower',
    ...spread(ratios(bulkhead[JUDGED].startMs, bare[JUDGED].startMs)),
  },
];
await writeResult('scale.json', { ...machine(), rounds, targets, ratios: compared, ...figures });
/**
 * @param {typeof bulkhead} of
 * @param {'startMs' | 'memoryMb' | 'reloadMs'} field
 */
const points = (of, field) =>
  SIZES.map((size) => {
    const { min: low, median: y, max: high } = spread(of[size][field]);
    return { x: size, y, low, high };
  });
/** @param {'startMs' | 'memoryMb'} field */
const both = (field) => [
  { name: 'Bulkhead', points: points(bulkhead, field) },
  { name: 'bare threads', points: points(bare, field), dashed: true },
];
const CHARTS = {
  start: { title: 'Time to start all', y: 'ms', lines: both('startMs') },
  memory: { title: 'Memory of the whole process', y: 'MB', lines: both('memoryMb') },
  reload: {
    title: 'Reload of one plugin, from the notice of its save to serving',
    y: 'ms',
    lines: [{ name: 'Bulkhead', points: points(bulkhead, 'reloadMs') }],
  },
};
for (const [name, chart] of Object.entries(CHARTS)) {
  const title = `${chart.title}, Node ${process.version}`;
  const note = 'median, upright lines from least to largest; lower is better';
  await writeResult(`scale-${name}.svg`, lineChart({ ...chart, title, note, x: 'plugins that run' }));
}
