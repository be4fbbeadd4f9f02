// Runs a manager on a directory that is then put in place anew, with another version of its plugin `dice`. Before that, at
// the start or later, every inotify instance that is left is taken. Ends in the mode that is expected, or not at all.
import assert from 'node:assert';
import { readdirSync, readFileSync, watch } from 'node:fs';
import { appendFile, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
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

/** Whether this process watches the directory of that number. */
function isWatched(inode) {
  return readdirSync('/proc/self/fdinfo').some((fd) => {
    try {
      return readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8').includes(` ino:${inode.toString(16)} `);
    } catch {
      // Closed since the list was made.
      return false;
    }
  });
}

const [take, expected, directory, later] = process.argv.slice(2);
// That of the main loop exists already: watching here would succeed although none is left.
const own = watch('/');
let holders = take === 'first' ? await takeAll() : [];
const silent = () => {};
const logger = Object.fromEntries(
  ['trace', 'debug', 'info', 'warn', 'error', 'fatal'].map((level) => [level, silent]),
);
const manager = new PluginManager({
  pluginDir: directory,
  logger,
  hotReload: { debounceMs: 40, pollMs: 50 },
});
const texts = [];
const inMode = new Promise((resolve) =>
  manager.on('watch', ({ mode, text }) => {
    texts.push(text);
    if (mode === expected) resolve();
  }),
);
const next = (event) => new Promise((resolve) => manager.on(event, resolve));
await manager.loadAll();
const reloaded = next('reloaded');
const { ino: inode } = await stat(directory);
if (take === 'later') assert(isWatched(inode));
await rename(directory, `${directory}.old`);
if (take === 'later') {
  // What is given back when it is noticed that the directory is gone, is taken.
  while (isWatched(inode)) await delay(5);
  await manager.hotReload.start();
  holders = await takeAll();
}
await rename(later, directory);
await Promise.all([reloaded, inMode]);
const saved = next('reloaded');
await appendFile(join(directory, 'dice.ts'), '// saved once more');
await saved;
const value = await manager.plugin('dice').value();
const { mode } = manager.hotReload;
const { generation } = manager.get('dice');
await manager.unloadAll();
own.close();
await Promise.all(holders.map((holder) => holder.terminate()));
console.log(JSON.stringify({ holders: holders.length, mode, generation, texts, value }));
