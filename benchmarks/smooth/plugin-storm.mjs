/** Run by `smooth.mjs` in a process of its own: a host whose plugins are all reloaded while others misbehave. */
import { setTimeout as wait } from 'node:timers/promises';
import { PluginManager } from 'bulkhead';
import { answer } from '../scale/subject.mjs';
import { SILENT, Workspace } from '../support/workspace.mjs';
import { watchLoop } from './loop-delay.mjs';

const SHARED = '_shared.ts';
/** What the plugins that misbehave do when they are told to. */
const FAULTS = {
  hanging: 'for (;;);',
  leaking: 'let kept; for (;;) kept = { kept };',
  flooding: `
    until = Date.now() + ms;
    while (Date.now() < until) {
      for (let line = 0; line < 500; line++) ctx.log.info({ line }, 'x'.repeat(200));
      await new Promise((resolve) => setImmediate(resolve));
    }`,
};
const RESTART = { initialDelayMs: 100, maxDelayMs: 100, maxCrashes: 1_000 };
const [size, hangMs] = process.argv.slice(2).map(Number);
/** Longer than any storm, which ends it. */
const FLOOD_MS = 60_000;
/** A storm that is not over by then failed. */
const LONGEST_MS = 60_000;

const workspace = await Workspace.create();
await saveShared(0);
for (let index = 0; index < size; index++) await workspace.save(`p${index}.ts`, plugin(`p${index}`));
for (const [name, body] of Object.entries(FAULTS)) await workspace.save(`${name}.ts`, faulty(name, body));
const manager = new PluginManager({
  pluginDir: workspace.pluginDir,
  logger: SILENT,
  hotReload: { debounceMs: 0 },
  plugins: {
    hanging: { hangMs, restart: RESTART },
    leaking: { limits: { heapMb: 64 }, restart: RESTART },
  },
});
let version = 0;

answer({
  async start() {
    const { failed } = await manager.loadAll();
    if (failed.length > 0) throw failed[0].error;
  },
  /** @param {number} ms */
  calm: (ms) => watchLoop(() => wait(ms)),
  storm: () => watchLoop(storm),
  async end() {
    await manager.unloadAll();
    await workspace.remove();
  },
});

/** Over when every plugin is reloaded and those that ended by their own fault serve again. */
async function storm() {
  const reloaded = times('reloaded', size);
  const back = times('loaded', 2);
  const flooding = misbehave('flooding', FLOOD_MS);
  const ending = [misbehave('hanging'), misbehave('leaking')];
  await saveShared(++version);
  await Promise.all([reloaded, back, ...ending]);
  await misbehave('flooding', 0);
  await flooding;
}

/**
 * @param {string} name
 * @param {number} [ms]
 */
function misbehave(name, ms) {
  const { act } = /** @type {{ act: (ms?: number) => Promise<unknown> }} */ (manager.plugin(name));
  return act(ms).catch(() => {});
}

/**
 * @param {'loaded' | 'reloaded'} status
 * @param {number} count
 * @returns {Promise<void>}
 */
function times(status, count) {
  return new Promise((resolve, reject) => {
    let left = count;
    const timer = setTimeout(() => reject(new Error(`${left} of ${count} were not ${status}`)), LONGEST_MS);
    const off = manager.on(status, () => {
      if (--left > 0) return;
      off();
      clearTimeout(timer);
      resolve();
    });
  });
}

/** @param {number} number */
function saveShared(number) {
  return workspace.save(SHARED, `export const version = ${number};\n`);
}

/** @param {string} name */
function plugin(name) {
  return `import { definePlugin } from 'bulkhead/plugin';
import { version } from './${SHARED}';

export default definePlugin({
  name: '${name}', version: '1.0.0',
  setup(ctx) {
    ctx.on('chat.message', (message: { text: string }) => message.text.length);
    return { version: () => version };
  },
});
`;
}

/**
 * @param {string} name
 * @param {string} body
 */
function faulty(name, body) {
  return `import { definePlugin } from 'bulkhead/plugin';

let until = 0;
export default definePlugin({
  name: '${name}', version: '1.0.0',
  setup(ctx) {
    return { act: async (ms: number) => { ${body} } };
  },
});
`;
}
