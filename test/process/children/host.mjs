// A host with one plugin in a process, which is killed by the test.
import { PluginManager } from 'bulkhead';

const silent = Object.fromEntries(
  ['trace', 'debug', 'info', 'warn', 'error', 'fatal'].map((level) => [level, () => {}]),
);
const manager = new PluginManager({
  pluginDir: process.argv[2],
  logger: silent,
  hotReload: false,
  defaults: { isolation: 'process', hangMs: 0 },
});
await manager.loadAll();
console.log(await manager.plugin('stuck').pid());
manager.plugin('stuck').stick(process.argv[3]);
