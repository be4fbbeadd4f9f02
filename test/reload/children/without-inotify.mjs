// Takes every inotify instance that is left, before or after a manager has started on the directory given; then puts the
// directory in place anew, with another version of its plugin `dice`.
import { watch } from 'node:fs';
import { rename } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { PluginManager } from 'bulkhead';

const TAKE = `
  const { parentPort } = require('node:worker_threads');
  try { require('node:fs').watch('/'); parentPort.postMessage(true); } catch { parentPort.postMessage(false); }`;

/** Each event loop that watches has an instance of its own. */
async function takeAll() {
  const holders = [];
  for (;;) {
    const holder = new Worker(TAKE, { eval: true });
    const took = await new Promise((resolve) => holder.once('message', resolve));
    if (!took) return holders;
    holders.push(holder);
  }
}

const [when, directory, later] = process.argv.slice(2);
// That of the main loop exists already: watching here would succeed although none is left.
const own = watch('/');
let holders = when === 'before' ? await takeAll() : [];
const silent = () => {};
const logger = Object.fromEntries(
  ['trace', 'debug', 'info', 'warn', 'error', 'fatal'].map((level) => [level, silent]),
);
const manager = new PluginManager({
  pluginDir: directory,
  logger,
  hotReload: { debounceMs: 40, pollMs: 50 },
});
const watching = new Promise((resolve) => manager.on('watch', resolve));
await manager.loadAll();
const { text } = await watching;
const reloaded = new Promise((resolve) => manager.on('reloaded', resolve));
await rename(directory, `${directory}.old`);
if (when === 'after') {
  // Longer than it takes to notice that the directory is gone: what is given back by then is taken.
  await delay(1_500);
  holders = await takeAll();
}
await rename(later, directory);
await reloaded;
const { mode } = manager.hotReload;
const value = await manager.plugin('dice').value();
await manager.unloadAll();
own.close();
await Promise.all(holders.map((holder) => holder.terminate()));
console.log(JSON.stringify({ holders: holders.length, mode, text, value }));
