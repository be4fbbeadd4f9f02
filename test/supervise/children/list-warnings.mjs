// Loads the plugins of a directory, waits until they were looked at, and prints what the host warned of, as JSON. One of
// them, 'greedy', holds more memory than it may: the look that ends it is one at all of them.
import { PluginManager } from 'bulkhead';

const silent = () => {};
const logger = { trace: silent, debug: silent, info: silent, warn: silent, error: silent, fatal: silent };
const manager = new PluginManager({
  pluginDir: process.argv[2],
  hotReload: false,
  logger,
  plugins: { greedy: { limits: { externalMb: 10 } } },
});
const warnings = [];
manager.on('log', ({ level, text }) => level === 'warn' && warnings.push(text));
const looked = new Promise((resolve) => manager.on('crashed', resolve));
await manager.loadAll();
await looked;
await manager.unloadAll();
console.log(JSON.stringify(warnings));
