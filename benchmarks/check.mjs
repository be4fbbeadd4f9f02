/**
 * Whether something got slower: quick runs, whose ratios to what was measured beside them are compared with stored ones.
 * Never seconds: those are the machine's.
 */
import { spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { readArguments } from './support/arguments.mjs';
import { printTable, RESULTS, resultName } from './support/report.mjs';
import { median, spread } from './support/statistics.mjs';

/** @typedef {import('./support/report.mjs').Ratio} Ratio */
/** @typedef {{ better: 'higher' | 'lower', low: number, median: number, high: number }} Stored medians of several runs */

const STORED = new URL('ratios.json', import.meta.url);
const AREAS = [
  { name: 'calls', args: [] },
  { name: 'reload', args: ['--parts', 'own'] },
  { name: 'scale', args: [] },
];
/** How far beyond what was seen when the ratios were stored a median may lie, as a share of it. */
const MARGIN = 0.1;

const { runs, update, areas } = readArguments(
  {
    runs: { full: 3, quick: 1, about: 'quick runs of each area' },
    update: {
      full: 0,
      quick: 0,
      least: 0,
      about: '1 to store what is measured, beside what was stored before, instead of comparing with it',
    },
  },
  { areas: { of: AREAS.map(({ name }) => name), about: 'what to measure' } },
);

/** Medians of each run, by name. @type {Map<string, { better: Ratio['better'], medians: number[] }>} */
const measured = new Map();
for (let run = 1; run <= runs; run++) {
  for (const { name, args } of AREAS.filter((area) => areas.includes(area.name))) {
    process.stderr.write(`${name}, run ${run} of ${runs}\n`);
    for (const ratio of await ratiosOf(name, args)) {
      const known = measured.get(ratio.name) ?? { better: ratio.better, medians: [] };
      known.medians.push(ratio.median);
      measured.set(ratio.name, known);
    }
  }
}

const node = `node${process.versions.node.split('.')[0]}`;
const stored = JSON.parse(await readFile(STORED, 'utf8').catch(() => '{}'));
if (update === 1) {
  const others = Object.entries(stored[node] ?? {}).filter(([name]) => !areas.includes(areaOf(name)));
  stored[node] = Object.fromEntries([
    ...others,
    ...[...measured].map(([name, ratio]) => [name, toStore(ratio, stored[node]?.[name])]),
  ]);
  await writeFile(STORED, `${JSON.stringify(stored, undefined, 2)}\n`);
} else compare(stored[node]);

/** @param {string} ratio its name begins with its area */
function areaOf(ratio) {
  return ratio.split(':')[0];
}

/**
 * @param {string} area
 * @param {string[]} args
 * @returns {Promise<Ratio[]>}
 */
async function ratiosOf(area, args) {
  const script = fileURLToPath(new URL(`${area}.mjs`, import.meta.url));
  const { status } = spawnSync(process.execPath, [script, '--quick', ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (status !== 0) throw new Error(`the quick run of ${area} failed`);
  const file = new URL(`quick/${resultName(`${area}.json`)}`, RESULTS);
  return JSON.parse(await readFile(file, 'utf8')).ratios;
}

/**
 * Kinds of machines differ by more than runs on one of them: the range is that of all that were stored.
 *
 * @param {{ better: Ratio['better'], medians: number[] }} ratio
 * @param {Stored} [before]
 * @returns {Stored}
 */
function toStore({ better, medians }, before) {
  const { min, median: middle, max } = spread(medians.map((value) => Math.round(value * 1000) / 1000));
  const [low, high] = [Math.min(min, before?.low ?? min), Math.max(max, before?.high ?? max)];
  return { better, low, median: middle, high };
}

/** @param {Record<string, Stored> | undefined} known */
function compare(known) {
  if (known === undefined) {
    process.stdout.write(`No ratios are stored for ${node}: store them with --update 1\n`);
    process.exitCode = 1;
    return;
  }
  // What is no longer measured does not pass for as good as before.
  const gone = Object.keys(known).filter((name) => areas.includes(areaOf(name)) && !measured.has(name));
  const worse = new Set(gone);
  const rows = [...measured].map(([name, { medians }]) => {
    const now = median(medians);
    const before = known[name];
    if (before === undefined) return [name, '', now.toFixed(2), 'new'];
    const isWorse =
      before.better === 'higher' ? now < before.low * (1 - MARGIN) : now > before.high * (1 + MARGIN);
    if (isWorse) worse.add(name);
    return [
      name,
      `${before.median.toFixed(2)} (${before.low.toFixed(2)}–${before.high.toFixed(2)})`,
      now.toFixed(2),
      isWorse ? 'WORSE' : '',
    ];
  });
  printTable(`Ratios, beside the stored ones (Node ${process.version})`, ['', 'stored', 'now', ''], rows);
  process.stdout.write(
    worse.size === 0
      ? '\nNothing got worse beyond its noise.\n'
      : `\nWorse beyond its noise: ${[...worse].join('; ')}\n`,
  );
  if (worse.size > 0) process.exitCode = 1;
}
