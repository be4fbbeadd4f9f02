/** Run by `scale.mjs` in a process of its own: so many small plugins. */
import { PluginManager } from 'bulkhead';
import { smallPlugin } from '../support/plugin-sources.mjs';
import { SILENT, Workspace } from '../support/workspace.mjs';
import { idleCpuPercent, residentBytes } from './measure.mjs';
import { answer } from './subject.mjs';

const LONGEST_MS = 10_000;
const [size, sweepMs] = process.argv.slice(2).map(Number);

const workspace = await Workspace.create();
for (let index = 0; index < size; index++)
  await workspace.save(`p${index}.ts`, smallPlugin({ name: `p${index}`, version: 0 }));
const manager = new PluginManager({
  pluginDir: workspace.pluginDir,
  logger: SILENT,
  hotReload: { debounceMs: 0, sweepMs },
});
let version = 0;

answer({
  /** Milliseconds until all run. */
  async start() {
    const from = performance.now();
    const { failed } = await manager.loadAll();
    if (failed.length > 0) throw failed[0].error;
    return performance.now() - from;
  },
  memory: residentBytes,
  idle: idleCpuPercent,
  /** Milliseconds from the notice of a save of one of them until its new version serves. */
  reload() {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('It was not reloaded')), LONGEST_MS);
      const off = manager.on('reloaded', ({ saveToServingMs }) => {
        clearTimeout(timer);
        off();
        resolve(saveToServingMs);
      });
      workspace.save('p0.ts', smallPlugin({ name: 'p0', version: ++version })).catch(reject);
    });
  },
  /** Milliseconds until every plugin has an event, and its handler, which does not wait for anything, has run. */
  async event() {
    const from = performance.now();
    const { delivered } = await manager.emit('chat.message', { text: 'to all' });
    const ms = performance.now() - from;
    if (delivered.length !== size) throw new Error(`${delivered.length} of ${size} got it`);
    return ms;
  },
  async end() {
    await manager.unloadAll();
    await workspace.remove();
  },
});
