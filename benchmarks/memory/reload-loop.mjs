/** Run by `memory.mjs` in a process of its own: reloads one plugin over and over, and reports what the process holds. */
import { PluginManager } from 'bulkhead';
import { Steps } from '#internal/isolate/steps';
import { largePlugin } from '../support/plugin-sources.mjs';
import { SILENT, Workspace } from '../support/workspace.mjs';
import { runLoop, takeSample } from './loop.mjs';

/** Ten of each kind of thing, 5 MB of data (three outside the heap), and timers that do fire during its short life. */
const SETUP = `
    const kept: unknown[] = [Buffer.alloc(3 * 1024 * 1024, 1)];
    kept.push(Array.from({ length: 30_000 }, (_, index) => ({ index, text: 'entry ' + index })));
    for (let index = 0; index < 10; index++) {
      ctx.on(index % 2 === 0 ? 'count.up' : 'count.*', ({ n }: { n: number }) => n + kept.length);
      ctx.command('count' + index, { description: 'Counts' }, (args) => String(args.length));
      ctx.every(20, () => kept.length);
      ctx.timeout(20, () => kept.length);
      ctx.onTeardown(() => kept.length);
      ctx.state.set('key' + index, { index, text: 'x'.repeat(100) });
    }`;
const API = `offload: (n: number) => ctx.offload(new URL('./job.ts', import.meta.url), n)`;
const JOB = `export default (n: number) => Array.from({ length: 1000 }, (_, index) => index * n).length;\n`;

const workspace = await Workspace.create();
await workspace.save('heavy/job.ts', JOB);

/** @type {WeakRef<object>[]} */
let generations = [];
const { setup } = Steps.prototype;
// A generation and its steps hold each other: neither is collected before the other.
Steps.prototype.setup = function (...args) {
  generations.push(new WeakRef(this));
  return setup.apply(this, args);
};

/** One manager from beginning to end. */
class Life {
  constructor() {
    this.manager = new PluginManager({
      pluginDir: workspace.pluginDir,
      logger: SILENT,
      hotReload: false,
      bot: {},
    });
    this.heavy = this.manager.plugin('heavy');
  }

  /** @param {number} version */
  async save(version) {
    await workspace.save('heavy/index.ts', largePlugin({ name: 'heavy', version, setup: SETUP, api: API }));
  }

  async begin() {
    await this.save(0);
    const { failed } = await this.manager.loadAll();
    if (failed.length > 0) throw failed[0].error;
    await this.use(0);
  }

  /** @param {number} version */
  async reload(version) {
    await this.save(version);
    await this.manager.reload('heavy');
    await this.use(version);
  }

  /** @param {number} version */
  async use(version) {
    if ((await this.heavy.offload(version)) !== 1000) throw new Error('the job did not run');
    const { delivered } = await this.manager.emit('count.up', { n: version });
    if (delivered.length !== 1) throw new Error('the event was not delivered');
    if ((await this.heavy.version()) !== version) throw new Error('an old version serves');
  }

  async end() {
    await this.manager.unloadAll();
  }
}

// What the process keeps for good (the bundler's service, Node's own thread pool) is there before the first sample.
const warmUp = new Life();
await warmUp.begin();
await warmUp.reload(1);
await warmUp.end();

const start = await takeSample(0);
const life = new Life();
await life.begin();
await runLoop((turn) => life.reload(turn + 1));
await life.end();
const end = await takeSample(0);
const uncollected = generations.filter((generation) => generation.deref() !== undefined).length;
process.send?.({ kind: 'end', start, end, generations: generations.length, uncollected });
generations = [];
await workspace.remove();
process.disconnect?.();
