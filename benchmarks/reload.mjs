/**
 * How long it takes from the notice of a save until the new version serves, and how long nobody serves meanwhile, beside
 * cold threads that import the same module. The quiet time is set to none, and the watcher's own (about 50 ms) is not
 * counted: the clock starts at its event.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { PluginManager } from 'bulkhead';
import { coldStarter } from './reload/cold-start.mjs';
import { PARTS, takeParts } from './reload/parts.mjs';
import { readArguments } from './support/arguments.mjs';
import { largePlugin, smallPlugin } from './support/plugin-sources.mjs';
import { machine, printTable, printTargets, progress, writeResult } from './support/report.mjs';
import { median, percentile } from './support/statistics.mjs';
import { SILENT, Workspace } from './support/workspace.mjs';

const { rounds, rest, quiet, quick } = readArguments({
  rounds: { full: 200, quick: 10, about: 'reloads of each plugin' },
  rest: { full: 120, quick: 120, about: 'ms between two reloads, for the next standby to boot' },
  quiet: { full: 0, quick: 0, least: 0, about: 'ms of `debounceMs`' },
});

const WARM_UP = 5;
const LONGEST_MS = 10_000;

/** @type {{ name: string, source: (version: number) => string }[]} */
const VARIANTS = [
  { name: 'small', source: (version) => smallPlugin({ name: 'small', version }) },
  { name: 'overlap', source: (version) => smallPlugin({ name: 'overlap', version, swap: 'overlap' }) },
  { name: 'large', source: (version) => largePlugin({ name: 'large', version }) },
];

const workspace = await Workspace.create();
const manager = new PluginManager({
  pluginDir: workspace.pluginDir,
  logger: SILENT,
  hotReload: { debounceMs: quiet },
});

/** @type {Record<string, { saveToServing: number[], pause: number[], cold: number[], parts: Record<string, number>[] }>} */
const measured = {};
/** @type {Record<string, () => Promise<number>>} */
const coldStarts = {};
for (const { name, source } of VARIANTS) {
  measured[name] = { saveToServing: [], pause: [], cold: [], parts: [] };
  coldStarts[name] = await coldStarter(await workspace.save(`${name}.ts`, source(0)), workspace.root);
}
const { failed } = await manager.loadAll();
if (failed.length > 0) throw failed[0].error;

const shown = progress('rounds', rounds);
for (let round = 1; round <= WARM_UP + rounds; round++) {
  for (const { name, source } of VARIANTS) {
    await wait(rest);
    const { saveToServingMs, pauseMs, parts } = await saveAndWait(name, source(round));
    await wait(rest);
    const cold = await coldStarts[name]();
    if (round <= WARM_UP) continue;
    const into = measured[name];
    into.saveToServing.push(saveToServingMs);
    into.pause.push(pauseMs);
    into.parts.push(parts);
    into.cold.push(cold);
  }
  if (round > WARM_UP) shown.update(round - WARM_UP);
}
await manager.unloadAll();
await workspace.remove();

/**
 * @param {string} name
 * @param {string} source
 * @returns {Promise<{ saveToServingMs: number, pauseMs: number, parts: Record<string, number> }>}
 */
function saveAndWait(name, source) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`'${name}' was not reloaded`)), LONGEST_MS);
    const off = manager.on('reloaded', (event) => {
      if (event.name !== name) return;
      const parts = takeParts(event.saveToServingMs);
      clearTimeout(timer);
      off();
      resolve({ ...event, parts });
    });
    workspace.save(`${name}.ts`, source).catch(reject);
  });
}

/** @param {number} ms */
const shownMs = (ms) => ms.toFixed(1);
/** @param {readonly number[]} values */
const columns = (values) => [median(values), percentile(values, 0.99), Math.max(...values)].map(shownMs);

printTable(
  `${rounds} reloads of each plugin, ms (Node ${process.version})`,
  ['', 'serving', 'p99', 'max', 'pause', 'p99', 'max', 'cold', 'p99', 'max', 'ratio'],
  VARIANTS.map(({ name }) => {
    const { saveToServing, pause, cold } = measured[name];
    const ratio = median(saveToServing) / median(cold);
    return [name, ...columns(saveToServing), ...columns(pause), ...columns(cold), ratio.toFixed(2)];
  }),
);
printTable(
  'Where the time goes, medians in ms',
  ['', ...PARTS],
  VARIANTS.map(({ name }) => [
    name,
    ...PARTS.map((part) => shownMs(median(measured[name].parts.map((parts) => parts[part])))),
  ]),
);

const { saveToServing, pause, cold } = measured.small;
const ratio = median(saveToServing) / median(cold);
/** @type {import('./support/report.mjs').Target[]} */
const targets = [
  atMost('small: save to serving, median', median(saveToServing), 10),
  atMost('small: save to serving, p99', percentile(saveToServing, 0.99), 30),
  atMost('small: pause, median', median(pause), 3),
  {
    what: 'small: save to serving / cold thread, medians',
    target: '≤ 0.40',
    measured: ratio.toFixed(2),
    met: ratio <= 0.4,
  },
];
printTargets(targets, quick);
await writeResult('reload.json', { ...machine(), rounds, targets, measured });

/**
 * @param {string} what
 * @param {number} ms
 * @param {number} limit
 */
function atMost(what, ms, limit) {
  return { what, target: `≤ ${limit} ms`, measured: `${ms.toFixed(1)} ms`, met: ms <= limit };
}
