/**
 * @typedef {object} Entry
 * @property {string} name what `--systems` calls it
 * @property {string} label for tables and charts
 * @property {('memory' | 'serving')[]} measured where it takes part: what does not watch has no time from save to serving,
 *   and what restarts everything leaves nothing behind
 * @property {boolean} [installed] whether it comes from a package of `alternatives/`
 * @property {string} [preload] an entry of such a package that its process is started with
 * @property {() => Promise<import('./system.mjs').Start>} load
 */

/** @type {Entry[]} */
export const SYSTEMS = [
  {
    name: 'bulkhead',
    label: 'Bulkhead, thread',
    measured: ['memory', 'serving'],
    load: async () => (await import('./bulkhead.mjs')).bulkhead('thread'),
  },
  {
    name: 'bulkhead-process',
    label: 'Bulkhead, process',
    measured: ['memory', 'serving'],
    load: async () => (await import('./bulkhead.mjs')).bulkhead('process'),
  },
  {
    name: 'bulkhead-50ms',
    label: 'Bulkhead, thread, debounceMs: 50',
    measured: ['serving'],
    load: async () => (await import('./bulkhead.mjs')).bulkhead('thread', 50),
  },
  {
    name: 'worker',
    label: 'bare Worker',
    measured: ['memory'],
    load: async () => (await import('./bare-worker.mjs')).start,
  },
  {
    name: 'fork',
    label: 'child_process.fork',
    measured: ['memory'],
    load: async () => (await import('./fork.mjs')).start,
  },
  {
    name: 'import',
    label: "import('…?v=n')",
    measured: ['memory'],
    load: async () => (await import('./import-version.mjs')).start,
  },
  {
    name: 'require',
    label: 'delete require.cache',
    measured: ['memory'],
    load: async () => (await import('./require-cache.mjs')).start,
  },
  {
    name: 'hot-hook',
    label: 'hot-hook',
    measured: ['memory', 'serving'],
    installed: true,
    load: async () => (await import('./hot-hook.mjs')).start,
  },
  {
    name: 'dynohot',
    label: 'dynohot',
    measured: ['memory', 'serving'],
    installed: true,
    preload: 'dynohot/register',
    load: async () => (await import('./dynohot.mjs')).start,
  },
  {
    name: 'koishi',
    label: '@koishijs/plugin-hmr',
    measured: ['memory', 'serving'],
    installed: true,
    load: async () => (await import('./koishi-hmr.mjs')).start,
  },
  {
    name: 'sapphire',
    label: '@sapphire/plugin-hmr',
    measured: ['memory', 'serving'],
    installed: true,
    load: async () => (await import('./sapphire-hmr.mjs')).start,
  },
  {
    name: 'platformatic',
    label: '@platformatic/runtime',
    measured: ['memory', 'serving'],
    installed: true,
    load: async () => (await import('./platformatic.mjs')).start,
  },
  {
    name: 'node-watch',
    label: 'node --watch, ten plugins',
    measured: ['serving'],
    load: async () => (await import('./restart.mjs')).nodeWatch,
  },
  {
    name: 'nodemon',
    label: 'nodemon, ten plugins',
    measured: ['serving'],
    installed: true,
    load: async () => (await import('./restart.mjs')).nodemon,
  },
];

/** What would belong here and cannot be had. */
export const ABSENT = [
  {
    label: '@cordisjs/plugin-hmr',
    why: 'not in the registry (E404); Koishi is built on cordis',
  },
];

/**
 * What the command line may name of them. A quick run shows that everything works, and leaves out what needs a download.
 *
 * @param {'memory' | 'serving'} measurement
 */
export function systemsOption(measurement) {
  const all = takingPart(measurement);
  const names = (/** @type {Entry[]} */ entries) => entries.map(({ name }) => name);
  const quick = names(all.filter(({ installed }) => !installed));
  return { of: names(all), quick, about: 'which systems to compare' };
}

/**
 * The systems that take part in a measurement.
 *
 * @param {'memory' | 'serving'} measurement
 */
export function takingPart(measurement) {
  return SYSTEMS.filter(({ measured }) => measured.includes(measurement));
}
