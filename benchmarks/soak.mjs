/**
 * Ten plugins in both tiers, with random faults and saves, calls and events all along. Nothing may be lost: every call is
 * settled, every event handled or reported as a dead letter, memory is flat, and no thread or process is left.
 *
 *     npm run soak -- --minutes 30
 */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { PluginManager } from 'bulkhead';
import { readArguments } from './support/arguments.mjs';
import { childrenOf } from './support/process-tree.mjs';
import { printTable } from './support/report.mjs';
import { median } from './support/statistics.mjs';
import { SILENT } from './support/workspace.mjs';

const PLUGINS = 10;
const MB = 2 ** 20;
/** How much the heap of the host may grow from the second third of the run to the last. */
const HEAP_MB = 8;
/** How many more threads the process may have than before: those of the pools of Node itself. */
const THREADS = 4;
/** How many of the calls have to be answered, and of the events handled: the others met a fault. */
const LEAST_SHARE = 0.2;
/** How long plugins may take after the last fault until all serve again, ms. */
const SERVES_MS = 60_000;

const { minutes, seed } = readArguments({
  minutes: { full: 30, quick: 0.3, fraction: true, about: 'how long' },
  seed: { full: Date.now() % 100_000, quick: 1, least: 0, about: 'what the random numbers begin with' },
});
process.stdout.write(`seed ${seed}, ${minutes} minutes\n`);
const random = randomNumbers(seed);
const pick = (list) => list[Math.floor(random() * list.length)];

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');
const directory = await mkdtemp(join(tmpdir(), 'bulkhead-soak-'));
const plugins = join(directory, 'plugins');
await mkdir(plugins);
const threadsBefore = await threads();

const names = Array.from({ length: PLUGINS }, (_, index) => `p${index}`);
const isProcess = (name) => Number(name.slice(1)) % 2 === 1;
const counts = {
  calls: 0,
  failedCalls: 0,
  events: 0,
  handled: 0,
  deadLetters: 0,
  unwanted: 0,
  faults: 0,
  saves: 0,
  badSaves: 0,
};
/** Of each event that is not yet accounted for, what is known. @type {Map<number, { plugin: string }>} */
const open = new Map();
/** Those handled last, in two sets, of which the older is dropped: a set of all would be the growth that is looked for. */
const HANDLED = 20_000;
/** @type {Set<number>} */
let handled = new Set();
let handledBefore = handled;
const problems = [];
let pendingCalls = 0;

const manager = new PluginManager({
  pluginDir: plugins,
  logger: SILENT,
  hotReload: { debounceMs: 50 },
  bot: {
    handled: (number) => {
      if (handled.has(number) || handledBefore.has(number))
        problems.push(`event ${number} was handled twice`);
      if (handled.size >= HANDLED) [handledBefore, handled] = [handled, new Set()];
      handled.add(number);
      if (open.delete(number)) counts.handled++;
    },
  },
  defaults: {
    hangMs: 1_000,
    startMs: 5_000,
    drainMs: 500,
    teardownMs: 500,
    callTimeoutMs: 10_000,
    limits: { heapMb: 48, externalMb: 64 },
    restart: { initialDelayMs: 10, maxDelayMs: 200, maxCrashes: 1_000_000 },
  },
  plugins: Object.fromEntries(names.filter(isProcess).map((name) => [name, { isolation: 'process' }])),
});
manager.on('dead-letter', ({ payload }) => {
  if (open.delete(payload.number)) counts.deadLetters++;
});

let version = 0;
for (const name of names) await save(name);
const { failed } = await manager.loadAll();
if (failed.length > 0) throw failed[0].error;

const FAULTS = ['throwLater', 'reject', 'exit', 'loop', 'leak', 'flood', 'throws', 'huge'];
const DEADLY = ['crash', 'kill', 'descriptors'];
const end = performance.now() + minutes * 60_000;
const samples = [];
await Promise.all([calls(), events(), faults(), saves(), sampling()]);
await settle();
await allServe();
await manager.unloadAll({ timeoutMs: 5_000 });
for (const { plugin } of open.values())
  problems.push(`an event for ${plugin} was neither handled nor a dead letter`);
if (pendingCalls > 0) problems.push(`${pendingCalls} calls were not settled`);
judgeShare('calls were answered', counts.calls - counts.failedCalls, counts.calls);
judgeShare('events were handled', counts.handled, counts.events);
await accountForThreads();
collect();
process.stdout.write(`rss after the end: ${(process.memoryUsage.rss() / MB).toFixed(1)} MB\n`);
judgeMemory();
await rm(directory, { recursive: true, force: true });
printTable('Soak', ['', 'count'], Object.entries(counts));
for (const problem of problems.slice(0, 20)) process.stdout.write(`PROBLEM ${problem}\n`);
process.stdout.write(`${problems.length} problems\n`);
process.exitCode = problems.length > 0 ? 1 : 0;

async function calls() {
  while (performance.now() < end) {
    for (const name of names) {
      counts.calls++;
      pendingCalls++;
      /** @type {any} */ (manager.plugin(name)).ok().then(
        () => pendingCalls--,
        () => {
          pendingCalls--;
          counts.failedCalls++;
        },
      );
    }
    await sleep(5);
  }
}

async function events() {
  let number = 0;
  while (performance.now() < end) {
    for (const name of names) {
      const event = ++number;
      counts.events++;
      open.set(event, { plugin: name });
      manager.emit(`soak.${name}`, { number: event }).then(({ delivered, failed: refused }) => {
        // Nobody wanted it, because nobody runs: that is said to whoever emits.
        if (delivered.length + refused.length === 0 && open.delete(event)) counts.unwanted++;
      });
    }
    await sleep(5);
  }
}

async function faults() {
  while (performance.now() < end) {
    const name = pick(names);
    const fault = pick(isProcess(name) ? [...FAULTS, ...DEADLY] : FAULTS);
    counts.faults++;
    pendingCalls++;
    const settled = () => pendingCalls--;
    /** @type {any} */ (manager.plugin(name))[fault]().then(settled, settled);
    await sleep(20 + random() * 200);
  }
}

async function saves() {
  while (performance.now() < end) {
    const name = pick(names);
    if (random() < 0.2) {
      counts.badSaves++;
      await writeFile(join(plugins, `${name}.mjs`), 'const = ;');
      await sleep(100);
    }
    counts.saves++;
    await save(name);
    await sleep(50 + random() * 400);
  }
}

async function sampling() {
  while (performance.now() < end) {
    await sleep(Math.min(5_000, minutes * 2_000));
    collect();
    samples.push(process.memoryUsage());
  }
}

/** Until all that was begun has come to its end. */
async function settle() {
  const limit = performance.now() + 30_000;
  while (performance.now() < limit && (open.size > 0 || pendingCalls > 0)) await sleep(50);
}

/** Good versions of all are saved: each has to come back with its newest. */
async function allServe() {
  const newest = new Map();
  for (const name of names) {
    await save(name);
    newest.set(name, version);
  }
  const limit = performance.now() + SERVES_MS;
  for (const [name, expected] of newest) {
    const plugin = /** @type {any} */ (manager.plugin(name));
    while ((await plugin.version().catch(() => undefined)) !== expected) {
      if (performance.now() > limit) {
        problems.push(`${name} does not serve its newest version: it is ${manager.get(name)?.state}`);
        break;
      }
      await sleep(20);
    }
  }
}

/**
 * @param {string} what
 * @param {number} good
 * @param {number} all
 */
function judgeShare(what, good, all) {
  if (good < all * LEAST_SHARE) problems.push(`only ${good} of ${all} ${what}`);
}

async function accountForThreads() {
  const limit = performance.now() + 10_000;
  const left = async () => ({ threads: (await threads()) - threadsBefore, processes: await processes() });
  let now = await left();
  while (performance.now() < limit && (now.threads > THREADS || now.processes > 0)) {
    await sleep(100);
    now = await left();
  }
  if (now.threads > THREADS) problems.push(`${now.threads} threads are left`);
  if (now.processes > 0) problems.push(`${now.processes} processes are left`);
}

function judgeMemory() {
  const third = Math.floor(samples.length / 3);
  const part = (from, to, key) => median(samples.slice(from, to).map((sample) => sample[key])) / MB;
  for (const key of ['heapUsed', 'rss']) {
    const [middle, last] = [part(third, 2 * third, key), part(2 * third, undefined, key)];
    process.stdout.write(
      `${key}: ${middle.toFixed(1)} MB in the second third, ${last.toFixed(1)} MB in the last\n`,
    );
    if (key === 'heapUsed' && last - middle > HEAP_MB)
      problems.push(`the heap grew by ${(last - middle).toFixed(1)} MB`);
  }
}

async function save(name) {
  await writeFile(
    join(plugins, `${name}.mjs`),
    `import { definePlugin } from 'bulkhead/plugin';
export default definePlugin({ name: '${name}', version: '1.0.${++version}', ${random() < 0.3 ? "swap: 'overlap'," : ''} setup(ctx) {
  ctx.on('soak.${name}', ({ number }) => ctx.bot.handled(number));
  ctx.every(100, () => ctx.state.update('ticks', (ticks = 0) => ticks + 1));
  return {
    ok: () => 'ok',
    version: () => ${version},
    throwLater: () => { setTimeout(() => { throw new Error('later'); }, 2); },
    reject: () => { void Promise.reject(new Error('unhandled')); },
    exit: () => process.exit(0),
    loop: () => { for (;;); },
    leak: () => { const kept = []; for (;;) kept.push({ n: kept.length }); },
    flood: () => { const line = 'x'.repeat(99) + '\\n'; for (let n = 0; n < 20_000; n++) process.stdout.write(line); },
    throws: () => { throw new RangeError('thrown'); },
    huge: () => new Uint8Array(20_000_000),
    crash: () => process.kill(process.pid, 'SIGSEGV'),
    kill: () => process.kill(process.pid, 'SIGKILL'),
    descriptors: async () => { const { closeSync } = await import('node:fs'); for (let fd = 3; fd < 60; fd++) try { closeSync(fd); } catch {} },
  };
} });
`,
  );
}

async function threads() {
  return (await readdir('/proc/self/task').catch(() => [])).length;
}

/** How many processes of plugins there are. */
async function processes() {
  const commands = (await childrenOf(process.pid).catch(() => [])).map((pid) =>
    readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''),
  );
  return (await Promise.all(commands)).filter((command) => command.includes('child/entry.cjs')).length;
}

/** Numbers from 0 to 1, the same for the same seed. */
function randomNumbers(start) {
  let state = start >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
