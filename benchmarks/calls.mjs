/**
 * Calls per second through `manager.plugin()`, beside bare comlink, bare messages, pools and the channel of `fork`, with the
 * same payloads, and events by `manager.emit` beside a call for each. The contenders, each in a process of its own, take turns; each
 * round is a comparison by itself, so that a busy machine slows down all of them.
 */
import { CASES } from './calls/cases.mjs';
import { Subject } from './scale/subject.mjs';
import { installAlternatives } from './support/alternatives.mjs';
import { readArguments } from './support/arguments.mjs';
import { barChart } from './support/bar-chart.mjs';
import { machine, printTable, printTargets, progress, writeResult } from './support/report.mjs';
import { median, spread, withSpread } from './support/statistics.mjs';

/** @typedef {import('./calls/rates.mjs').Rate} Rate */

const { rounds, ms, quick } = readArguments({
  rounds: { full: 9, quick: 2, about: 'rounds' },
  ms: { full: 250, quick: 40, about: 'ms for each measurement' },
});

/** What has to be downloaded first is left out of a quick run, which shows that everything works. */
const CONTENDERS = [
  'bulkhead',
  'bulkhead-process',
  'comlink',
  'raw',
  'piscina',
  ...(quick ? [] : ['workerpool']),
  'ipc',
];
/** What a chart calls them. @type {Record<string, string>} */
const LABELS = {
  bulkhead: 'Bulkhead, thread',
  'bulkhead-process': 'Bulkhead, process',
  comlink: 'bare comlink',
  raw: 'bare postMessage',
  piscina: 'piscina, run',
  workerpool: 'workerpool, exec',
  ipc: 'channel of fork',
};
if (!quick) installAlternatives();
const CHARTS = [
  {
    file: 'calls-one',
    title: 'Calls one at a time, small objects',
    index: indexOf('0.1 KB object, 1 in flight'),
  },
  {
    file: 'calls-many',
    title: 'Calls, 1,000 in flight, small objects',
    index: indexOf('0.1 KB object, 1000 in flight'),
  },
];

const contenders = CONTENDERS.map((name) => new Subject('../calls/contender-process.mjs', [name]));
for (const contender of contenders) await contender.ask('ready');

/** Of each case and contender, by round. @type {Rate[][][]} */
const rates = CASES.map(() => CONTENDERS.map(() => []));
const shown = progress('rounds', rounds);
// The round before the first is for the compilers.
for (let round = 0; round <= rounds; round++) {
  for (const index of CASES.keys()) {
    for (const turn of CONTENDERS.keys()) {
      const which = (round + turn) % CONTENDERS.length;
      const rate = await contenders[which].ask('measure', { index, ms });
      if (round > 0) rates[index][which].push(rate);
    }
  }
  if (round > 0) shown.update(round);
}
for (const contender of contenders) await contender.end();

/** @param {string} name of a case */
function indexOf(name) {
  return CASES.findIndex(({ what }) => what === name);
}

/**
 * How Bulkhead compares, round by round.
 *
 * @param {number} index of the case
 * @param {string} other
 */
function ratios(index, other) {
  const others = rates[index][CONTENDERS.indexOf(other)];
  return rates[index][0].map(({ perSecond }, round) => perSecond / others[round].perSecond);
}

/** @param {readonly number[]} values */
function range(values) {
  return withSpread(values, 2);
}

/** Those that fit side by side. */
const GROUPS = [
  { where: 'in a thread', names: ['bulkhead', 'comlink', 'raw'] },
  { where: 'in pools of one thread', names: ['piscina', 'workerpool'] },
  { where: 'in a process', names: ['bulkhead-process', 'ipc'] },
].map(({ where, names }) => ({ where, names: names.filter((name) => CONTENDERS.includes(name)) }));

/**
 * @param {string} title
 * @param {(rate: Rate) => number} figure
 */
function printRates(title, figure) {
  for (const { where, names } of GROUPS) {
    printTable(
      `${title}, ${where}: median (min–max), ${rounds} rounds, Node ${process.version}`,
      ['', ...names],
      CASES.map(({ what }, index) => [
        what,
        ...names.map((name) => withSpread(rates[index][CONTENDERS.indexOf(name)].map(figure))),
      ]),
    );
  }
}

printRates('Thousands per second', ({ perSecond }) => perSecond / 1000);
printRates('Processor µs of the caller', ({ cpu }) => cpu);
printTable(
  `Bulkhead in a thread, of the others round by round: median (min–max)`,
  ['', 'of comlink', 'of raw'],
  CASES.map(({ what }, index) => [what, range(ratios(index, 'comlink')), range(ratios(index, 'raw'))]),
);
/** @type {import('./support/report.mjs').Target[]} */
const targets = CASES.flatMap(({ what, least }, index) => {
  if (least === undefined) return [];
  const values = ratios(index, 'comlink');
  const met = median(values) >= least;
  return [{ what: `${what}: of bare comlink`, target: `≥ ${least}`, measured: range(values), met }];
});
printTargets(targets, quick);
const cases = CASES.map(({ what }, index) => ({
  what,
  rates: Object.fromEntries(CONTENDERS.map((name, which) => [name, rates[index][which]])),
}));

/** @type {import('./support/report.mjs').Ratio[]} */
const compared = CASES.map(({ what }, index) => ({
  name: `calls: ${what}, of comlink`,
  better: 'higher',
  ...spread(ratios(index, 'comlink')),
}));
await writeResult('calls.json', { ...machine(), rounds, ms, targets, ratios: compared, cases });
for (const { file, title, index } of CHARTS) {
  await writeResult(
    `${file}.svg`,
    barChart({
      title: `${title}, Node ${process.version}`,
      note: 'thousands per second, median, line from min to max; longer is better',
      shown: (rate) => rate.toFixed(rate < 10 ? 1 : 0),
      bars: CONTENDERS.map((name, which) => {
        const {
          min: low,
          median: value,
          max: high,
        } = spread(rates[index][which].map(({ perSecond }) => perSecond / 1000));
        return { label: LABELS[name], own: name.startsWith('bulkhead'), value, low, high };
      }),
    }),
  );
}
