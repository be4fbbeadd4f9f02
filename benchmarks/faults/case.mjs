/**
 * A host for some cases, one after the other: `node case.mjs <directory> <tier> <index>…`. Prints what happened in each as one line of
 * JSON. If it does not, the fault took it along.
 */
import { execFileSync } from 'node:child_process';
import { subscribe } from 'node:diagnostics_channel';
import { mkdir, writeFile } from 'node:fs/promises';
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

const [, , directory, tier, ...indices] = process.argv;

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
/** When Node said that a thread or process had ended, the first time after the fault. */
let exitedAt = 0;
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
  seen = { crashed: 0, recycled: 0, loaded: 0, reloaded: 0 };
  /** When the fault was over, as Bulkhead says. */
  endedAt = 0;
  /** @type {string[]} */
  problems = [];
  #fault;
  #plugins;

  /**
   * @param {import('./catalogue.mjs').Fault} fault
   * @param {string} plugins the directory for them
   */
  constructor(fault, plugins) {
    this.#fault = fault;
    this.#plugins = plugins;
    this.manager = new PluginManager({
      pluginDir: this.#plugins,
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
    this.faulty = /** @type {any} */ (this.manager.plugin('faulty'));
    this.neighbour = /** @type {any} */ (this.manager.plugin('neighbour'));
  }

  async writeAll() {
    const { top, setup, addon } = this.#fault;
    await mkdir(this.#plugins, { recursive: true });
    await writeFile(join(this.#plugins, 'neighbour.mjs'), NEIGHBOUR);
    await this.write({ top, setup });
    if (addon) {
      const file = join(this.#plugins, '_addon.c');
      await writeFile(file, addon);
      execFileSync('cc', ['-shared', '-fPIC', '-o', join(this.#plugins, '_addon.node'), file]);
    }
  }

  /** @param {{ top?: string, setup?: string, body?: string }} parts */
  async write(parts) {
    await writeFile(join(this.#plugins, 'faulty.mjs'), source({ body: this.#fault.body, ...parts }));
  }

  async refused(promise) {
    await promise.then(
      () => this.problems.push('it was not refused'),
      () => {},
    );
    this.endedAt = performance.now();
  }

  async rejects(name, text, ...args) {
    await this.faulty[name](...args).then(
      () => this.problems.push(`${name} did not reject`),
      (error) => {
        if (!String(error?.message).includes(text))
          this.problems.push(`${name} rejected with '${error?.message}'`);
      },
    );
  }

  equal(actual, expected) {
    if (actual !== expected) this.problems.push(`expected ${expected}, got ${actual}`);
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

  /** @param {Case} test */
  constructor(test) {
    this.#done = this.#run(test);
  }

  /** @param {Case} test */
  async #run({ neighbour, problems }) {
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

/**
 * @param {import('./catalogue.mjs').Fault} fault
 * @param {Case} test
 */
async function run(fault, test) {
  const { manager, faulty, neighbour, seen, problems } = test;
  await test.writeAll();
  const { failed } = await manager.loadAll();
  if (failed.length > 0) throw failed[0].error;
  for (let n = 0; n < CALM_MS / 2; n++) await neighbour.ok();
  const calm = new Watch(test);
  await sleep(CALM_MS);
  const before = await calm.end();

  manager.on('crashed', () => {
    seen.crashed++;
    if (seen.crashed === 1) test.endedAt = performance.now();
  });
  for (const event of /** @type {const} */ (['recycled', 'loaded', 'reloaded']))
    manager.on(event, () => seen[event]++);
  let lastSettled = 0;
  const pending = Array.from({ length: fault.pending ?? 3 }, () =>
    faulty.wait().then(nothing, () => {
      lastSettled = performance.now();
    }),
  );
  const storm = new Watch(test);
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
    test.endedAt ||= performance.now();
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
  const { endedAt } = test;
  return {
    settleMs:
      pending.length > 0 && seen.crashed > 0 ? Math.max(0, lastSettled - (exitedAt || endedAt)) : undefined,
    serveMs: endedAt > 0 ? servesAt - endedAt : undefined,
    beforeP99: before.p99,
    p99: during.p99,
    worst: during.worst,
    problems,
  };
}

const said = (/** @type {object} */ result) =>
  new Promise((resolve) => process.stdout.write(`${JSON.stringify(result)}\n`, resolve));

for (const index of indices) {
  const fault = FAULTS[Number(index)];
  const test = new Case(fault, join(directory, index));
  const limit = setTimeout(async () => {
    await said({ problems: [`not over within ${LIMIT_MS} ms`, ...test.problems] });
    process.exit(1);
  }, LIMIT_MS);
  const result = await run(fault, test);
  await test.manager.unloadAll({ timeoutMs: 500 });
  clearTimeout(limit);
  await said(result);
}
process.exit(0);
