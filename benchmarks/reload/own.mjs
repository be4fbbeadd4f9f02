import { join } from 'node:path';
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
/** Long enough to build in, as the default is. */
const QUIET_MS = 100;
/** From the write to the first event of the native watcher, without the quiet time. */
const WATCHER = 'watcher';

/**
 * @typedef {object} Measured
 * @property {number[]} saveToServing ms
 * @property {number[]} pause ms
 * @property {number[]} cold ms
 * @property {Record<string, number>[]} parts
 */

/** @type {{ name: string, quietMs: number, source: (version: number) => string }[]} */
const VARIANTS = [
  { name: 'small', quietMs: QUIET_MS, source: (version) => smallPlugin({ name: 'small', version }) },
  {
    name: 'overlap',
    quietMs: QUIET_MS,
    source: (version) => smallPlugin({ name: 'overlap', version, swap: 'overlap' }),
  },
  { name: 'large', quietMs: QUIET_MS, source: (version) => largePlugin({ name: 'large', version }) },
  { name: 'small-at-once', quietMs: 0, source: (version) => smallPlugin({ name: 'small-at-once', version }) },
  { name: 'large-at-once', quietMs: 0, source: (version) => largePlugin({ name: 'large-at-once', version }) },
];

/**
 * How long it takes from the notice of a save until the new version serves, and how long nobody serves meanwhile, beside
 * cold threads that import the same module. The clock starts at the end of the quiet time, during which the build is made; of
 * those that are reloaded at once, for which the quiet time is none, at the event of the native watcher.
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
    'Where the time goes, median (p99), ms',
    ['', ...VARIANTS.map(({ name }) => name)],
    [WATCHER, ...PARTS].map((part) => [
      part,
      ...VARIANTS.map(({ name }) => {
        const times = measured[name].parts.map((parts) => parts[part]);
        return `${shownMs(median(times))} (${shownMs(percentile(times, 0.99))})`;
      }),
    ]),
  );
  const targets = [...judge('small', measured.small), ...judge('small-at-once', measured['small-at-once'])];
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
  const hosts = await Promise.all([QUIET_MS, 0].map(startHost));
  const subjects = await Promise.all(
    VARIANTS.map(async (variant) => {
      const { manager, workspace } = hosts.find(({ quietMs }) => quietMs === variant.quietMs) ?? hosts[0];
      const file = fileOf(variant);
      const coldStart = await coldStarter(join(workspace.pluginDir, file), workspace.root);
      const save = (/** @type {number} */ version) => workspace.save(file, variant.source(version));
      return { ...variant, manager, save, coldStart };
    }),
  );
  /** @type {Record<string, Measured>} */
  const measured = {};
  for (const { name } of VARIANTS) measured[name] = { saveToServing: [], pause: [], cold: [], parts: [] };
  const shown = progress('rounds', rounds);
  for (let round = 1; round <= WARM_UP + rounds; round++) {
    for (const { name, quietMs, manager, save, coldStart } of subjects) {
      await wait(rest);
      const { saveToServingMs, pauseMs, parts } = await saveAndWait(manager, name, () => save(round));
      await wait(rest);
      const cold = await coldStart();
      if (round <= WARM_UP) continue;
      const into = measured[name];
      into.saveToServing.push(saveToServingMs);
      into.pause.push(pauseMs);
      into.parts.push({ ...parts, [WATCHER]: parts[WATCHER] - quietMs });
      into.cold.push(cold);
    }
    if (round > WARM_UP) shown.update(round - WARM_UP);
  }
  for (const { manager, workspace } of hosts) {
    await manager.unloadAll();
    await workspace.remove();
  }
  return measured;
}

/** @param {number} quietMs */
async function startHost(quietMs) {
  const workspace = await Workspace.create();
  for (const variant of VARIANTS) {
    if (variant.quietMs === quietMs) await workspace.save(fileOf(variant), variant.source(0));
  }
  const manager = new PluginManager({
    pluginDir: workspace.pluginDir,
    logger: SILENT,
    hotReload: { debounceMs: quietMs },
  });
  const { failed } = await manager.loadAll();
  if (failed.length > 0) throw failed[0].error;
  return { quietMs, manager, workspace };
}

/** @param {{ name: string }} variant */
function fileOf({ name }) {
  return `${name}.ts`;
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
 * @param {string} name
 * @param {Measured} measured
 * @returns {import('../support/report.mjs').Target[]}
 */
function judge(name, { saveToServing, pause, cold }) {
  const ratio = median(saveToServing) / median(cold);
  return [
    atMost(`${name}: save to serving, median`, median(saveToServing), 10),
    atMost(`${name}: save to serving, p99`, percentile(saveToServing, 0.99), 30),
    atMost(`${name}: pause, median`, median(pause), 3),
    {
      what: `${name}: save to serving / cold thread, medians`,
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
