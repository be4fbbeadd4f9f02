// Runs a manager on a directory with the plugin `dice`, and takes every descriptor that is left: at the start, before the
// first build, or later, before a save. Writes as JSON what came of it meanwhile, and when they were given back.
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { PluginManager } from 'bulkhead';

const [when, directory] = process.argv.slice(2);
// What could not be tried is tried again after 20 s, and here at once.
const after = globalThis.setTimeout;
globalThis.setTimeout = (run, ms, ...args) => after(run, ms === 20_000 ? 20 : ms, ...args);
const log = [];
const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'];
const logger = Object.fromEntries(levels.map((level) => [level, (_fields, text) => log.push(text)]));
const manager = new PluginManager({
  pluginDir: directory,
  logger,
  hotReload: { debounceMs: 20, sweepMs: 20, pollMs: 20, polling: when === 'start' },
  standbys: 0,
});
const errors = [];
manager.on('reload-failed', ({ error }) => void errors.push(error.message));

const taken = [];
/** Takes all but some. */
function take(left) {
  try {
    for (;;) taken.push(openSync('/dev/null', 'r'));
  } catch {}
  for (const descriptor of taken.splice(taken.length - left)) closeSync(descriptor);
}

async function until(condition) {
  while (!(await condition())) await delay(5);
}

const value = () => manager.plugin('dice').value();
const is = (wanted) => until(async () => (await value().catch(() => undefined)) === wanted);

if (when === 'start') {
  // Enough to read the directory, too few for the pipes of esbuild.
  take(3);
  await manager.loadAll();
} else {
  await manager.loadAll();
  const file = `${directory}/dice.ts`;
  const changed = readFileSync(file, 'utf8').replace('=> 1', '=> 2');
  take(1);
  writeFileSync(file, changed);
  take(0);
  await until(() => errors.length > 0 && log.some((text) => text.includes('cannot be read (')));
}
const before = await value().catch(({ code }) => code);
for (const descriptor of taken) closeSync(descriptor);
await is(when === 'start' ? 1 : 2);
await manager.unloadAll();
process.stdout.write(JSON.stringify({ before, errors, log }));
