import { setTimeout as wait } from 'node:timers/promises';
import { PluginManager } from 'bulkhead';
import { largePlugin, smallPlugin } from '../support/plugin-sources.mjs';
import { machine, printTable, printTargets, progress, writeResult } from '../support/report.mjs';
import { median, percentile, spread } from '../support/statistics.mjs';
import { SILENT, Workspace } from '../support/workspace.mjs';
import { coldStarter } from './cold-start.mjs';
import { PARTS, takeParts } from './parts.mjs';

const WARM_UP = 5;
const LONGEST_MS = 10_000;
/** From the write to the first event of the native watcher. */
const WATCHER = 'watcher';

/**
 * @typedef {object} Measured
 * @property {number[]} saveToServing ms
 * @property {number[]} pause ms
 * @property {number[]} cold ms
 * @property {Record<string, number>[]} parts
 */

/** @type {{ name: string, source: (version: number) => string }[]} */
const VARIANTS = [
  { name: 'small', source: (version) => smallPlugin({ name: 'small', version }) },
  { name: 'overlap', source: (version) => smallPlugin({ name: 'overlap', version, swap: 'overlap' }) },
  { name: 'large', source: (version) => largePlugin({ name: 'large', version }) },
];

/**
 * How long it takes from the notice of a save until the new version serves, and how long nobody serves meanwhile, beside
 * cold threads that import the same module. The quiet time is set to none, and the watcher's own is shown by itself: the
 * clock starts at its event.
 *
 * @param {{ rounds: number, rest: number, quick: boolean }} run
 */
export async function measureOwn({ rounds, rest, quick }) {
  const measured = await takeRounds(rounds, rest);
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
    ['', WATCHER, ...PARTS],
    VARIANTS.map(({ name }) => [
      name,
      ...[WATCHER, ...PARTS].map((part) => shownMs(median(measured[name].parts.map((parts) => parts[part])))),
    ]),
  );
  const targets = judge(measured.small);
  printTargets(targets, quick);
  /** @type {import('../support/report.mjs').Ratio[]} */
  const ratios = VARIANTS.map(({ name }) => ({
    name: `reload: ${name}, of a cold thread`,
    better: 'lower',
    ...spread(measured[name].saveToServing.map((ms, round) => ms / measured[name].cold[round])),
  }));
  await writeResult('reload.json', { ...machine(), rounds, targets, ratios, measured });
}

/**
 * @param {number} rounds
 * @param {number} rest ms between two reloads, for the next standby to boot
 */
async function takeRounds(rounds, rest) {
  const workspace = await Workspace.create();
  const manager = new PluginManager({
    pluginDir: workspace.pluginDir,
    logger: SILENT,
    hotReload: { debounceMs: 0 },
  });
  /** @type {Record<string, Measured>} */
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
      const { saveToServingMs, pauseMs, parts } = await saveAndWait(manager, name, () =>
        workspace.save(`${name}.ts`, source(round)),
      );
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
  return measured;
}

/**
 * @param {PluginManager} manager
 * @param {string} name
 * @param {() => Promise<unknown>} save
 * @returns {Promise<{ saveToServingMs: number, pauseMs: number, parts: Record<string, number> }>}
 */
function saveAndWait(manager, name, save) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`'${name}' was not reloaded`)), LONGEST_MS);
    let savedAt = Number.NaN;
    const off = manager.on('reloaded', (event) => {
      if (event.name !== name) return;
      const watcher = performance.now() - event.saveToServingMs - savedAt;
      const parts = { [WATCHER]: watcher, ...takeParts(event.saveToServingMs) };
      clearTimeout(timer);
      off();
      resolve({ ...event, parts });
    });
    save().then(() => {
      savedAt = performance.now();
    }, reject);
  });
}

/** @param {number} ms */
function shownMs(ms) {
  return ms.toFixed(1);
}

/** @param {readonly number[]} values */
function columns(values) {
  return [median(values), percentile(values, 0.99), Math.max(...values)].map(shownMs);
}

/**
 * @param {Measured} small
 * @returns {import('../support/report.mjs').Target[]}
 */
function judge({ saveToServing, pause, cold }) {
  const ratio = median(saveToServing) / median(cold);
  return [
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
}

/**
 * @param {string} what
 * @param {number} ms
 * @param {number} limit
 */
function atMost(what, ms, limit) {
  return { what, target: `≤ ${limit} ms`, measured: `${ms.toFixed(1)} ms`, met: ms <= limit };
}
