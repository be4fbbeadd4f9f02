/**
 * A host for one case: `node case.mjs <index> <tier>`. Prints what happened as one line of JSON. If it does not, the fault
 * took it along.
 */
import { execFileSync } from 'node:child_process';
import { subscribe } from 'node:diagnostics_channel';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PluginManager } from 'bulkhead';
import { percentile } from '../support/statistics.mjs';
import { SILENT } from '../support/workspace.mjs';
import { ACTING, FAULTS } from './catalogue.mjs';

/** How long the neighbour is called before the fault, and after it is over, ms. */
const CALM_MS = Number(process.env.CALM_MS ?? 400);
/** A case that takes longer is not contained. */
const LIMIT_MS = 25_000;
/** How long it may take, once Bulkhead says that a plugin crashed, until Node says that its thread or process has ended. */
const EXIT_MS = 1_000;

const [, , index, tier] = process.argv;
const fault = FAULTS[Number(index)];
const directory = await mkdtemp(join(tmpdir(), 'bulkhead-fault-'));
const plugins = join(directory, 'plugins');

const source = ({ top = '', setup = '', body = '' }) => `import { definePlugin } from 'bulkhead/plugin';
${top}
export default definePlugin({ name: 'faulty', version: '1.0.0', async setup(ctx) {
  ${setup}
  return { ok: () => 'ok', wait: () => new Promise(() => {}), generation: () => ctx.generation, ${body} };
} });
`;
const NEIGHBOUR = `import { definePlugin } from 'bulkhead/plugin';
export default definePlugin({ name: 'neighbour', version: '1.0.0', setup: () => ({ ok: () => 'ok' }) });
`;

const nothing = () => {};
const seen = { crashed: 0, recycled: 0, loaded: 0, reloaded: 0 };
/** When the fault was over, as Bulkhead says. */
let endedAt = 0;
/** When Node said that a thread or process had ended, the first time after the fault. */
let exitedAt = 0;
const problems = [];
for (const [channel, field] of [
  ['worker_threads', 'worker'],
  ['child_process', 'process'],
]) {
  subscribe(channel, (started) => {
    /** @type {any} */ (started)[field].once('exit', () => {
      exitedAt ||= performance.now();
    });
  });
}

export class Case {
  seen = seen;
  manager = new PluginManager({
    pluginDir: plugins,
    logger: SILENT,
    hotReload: fault.hotReload ? { debounceMs: 100 } : false,
    bot: { nothing, back: () => this.faulty.ok() },
    defaults: /** @type {any} */ ({
      isolation: tier,
      hangMs: 1_000,
      drainMs: 300,
      restart: { initialDelayMs: 20, maxZombies: 2 },
    }),
    plugins: { faulty: fault.options ?? {} },
  });
  faulty = /** @type {any} */ (this.manager.plugin('faulty'));
  neighbour = /** @type {any} */ (this.manager.plugin('neighbour'));

  /** @param {{ top?: string, setup?: string, body?: string }} parts */
  async write(parts) {
    await writeFile(join(plugins, 'faulty.mjs'), source({ body: fault.body, ...parts }));
  }

  async refused(promise) {
    await promise.then(
      () => problems.push('it was not refused'),
      () => {},
    );
    endedAt = performance.now();
  }

  async rejects(name, text, ...args) {
    await this.faulty[name](...args).then(
      () => problems.push(`${name} did not reject`),
      (error) => {
        if (!String(error?.message).includes(text))
          problems.push(`${name} rejected with '${error?.message}'`);
      },
    );
  }

  equal(actual, expected) {
    if (actual !== expected) problems.push(`expected ${expected}, got ${actual}`);
  }

  async until(condition) {
    while (!(await condition())) await sleep(5);
  }
}

/** Calls the neighbour all the time, and notes how long each takes. */
class Watch {
  /** @type {number[]} */
  times = [];
  #running = true;
  #done;

  constructor(neighbour) {
    this.#done = this.#run(neighbour);
  }

  async #run(neighbour) {
    while (this.#running) {
      const start = performance.now();
      if ((await neighbour.ok()) !== 'ok') problems.push('the neighbour did not answer');
      this.times.push(performance.now() - start);
      await sleep(1);
    }
  }

  async end() {
    this.#running = false;
    await this.#done;
    return { p99: percentile(this.times, 0.99), worst: Math.max(...this.times) };
  }
}

async function run() {
  await mkdir(plugins, { recursive: true });
  await writeFile(join(plugins, 'neighbour.mjs'), NEIGHBOUR);
  await writeFile(
    join(plugins, 'faulty.mjs'),
    source({ top: fault.top, setup: fault.setup, body: fault.body }),
  );
  if (fault.addon) {
    const file = join(plugins, '_addon.c');
    await writeFile(file, fault.addon);
    execFileSync('cc', ['-shared', '-fPIC', '-o', join(plugins, '_addon.node'), file]);
  }
  const test = new Case();
  const { manager, faulty, neighbour } = test;
  const { failed } = await manager.loadAll();
  if (failed.length > 0) throw failed[0].error;
  for (let n = 0; n < 500; n++) await neighbour.ok();
  const calm = new Watch(neighbour);
  await sleep(CALM_MS);
  const before = await calm.end();

  manager.on('crashed', () => {
    seen.crashed++;
    if (seen.crashed === 1) endedAt = performance.now();
  });
  for (const event of /** @type {const} */ (['recycled', 'loaded', 'reloaded']))
    manager.on(event, () => seen[event]++);
  let lastSettled = 0;
  const pending = Array.from({ length: fault.pending ?? 3 }, () =>
    faulty.wait().then(nothing, () => {
      lastSettled = performance.now();
    }),
  );
  const storm = new Watch(neighbour);
  // From here on the end of this process is the fault's work.
  process.stdout.write(`${ACTING}\n`);
  exitedAt = 0;
  const start = performance.now();
  const act = fault.act(test);
  if (fault.outcome === 'crash') {
    Promise.resolve(act).catch(nothing);
    await test.until(() => seen.crashed > 0 || (fault.mayRecycle && seen.recycled > 0));
    if (seen.crashed > 0) await Promise.all(pending);
  } else {
    await act;
    endedAt ||= performance.now();
  }
  await test.until(async () => (await faulty.ok().catch(() => '')) === 'ok');
  const servesAt = performance.now();
  const generation = await faulty.generation();
  // A thread that is stuck outside JavaScript does not end.
  const end = performance.now() + EXIT_MS;
  if (seen.crashed > 0) await test.until(() => exitedAt > 0 || performance.now() > end);
  // A percentile needs calls to be one of.
  await sleep(Math.max(0, CALM_MS - (performance.now() - start)));
  const during = await storm.end();
  if (fault.outcome === 'crash' && generation < 2) problems.push('it was not started again');
  if (fault.outcome === 'alive' && seen.crashed > 0 && !fault.hotReload) problems.push('it crashed');
  return {
    settleMs:
      pending.length > 0 && seen.crashed > 0 ? Math.max(0, lastSettled - (exitedAt || endedAt)) : undefined,
    serveMs: endedAt > 0 ? servesAt - endedAt : undefined,
    beforeP99: before.p99,
    p99: during.p99,
    worst: during.worst,
    problems,
    manager,
  };
}

const limit = setTimeout(() => {
  process.stdout.write(`${JSON.stringify({ problems: [`not over within ${LIMIT_MS} ms`, ...problems] })}\n`);
  process.exit(1);
}, LIMIT_MS);
const { manager, ...result } = await run();
await manager.unloadAll({ timeoutMs: 500 });
clearTimeout(limit);
await rm(directory, { recursive: true, force: true });
process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));
