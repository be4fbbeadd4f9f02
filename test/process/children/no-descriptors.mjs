/** A host that has no descriptor left when a plugin is to run in a process: says what came of it, also afterwards. */
import { closeSync, openSync } from 'node:fs';
import { PluginManager } from 'bulkhead';

const nothing = () => {};
const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'];
const logger = Object.fromEntries(levels.map((level) => [level, nothing]));
const manager = new PluginManager({
  pluginDir: process.argv[2],
  logger,
  hotReload: false,
  standbys: 0,
  plugins: { first: { isolation: 'thread' } },
  defaults: { isolation: 'process' },
});
// esbuild is a process too.
await manager.load('first');
const taken = [];
try {
  for (;;) taken.push(openSync('/dev/null', 'r'));
} catch {}
// What the build reads and writes.
for (const descriptor of taken.splice(-6)) closeSync(descriptor);
const refused = await manager.load('second').then(nothing, ({ message }) => message);
for (const descriptor of taken) closeSync(descriptor);
await manager.load('second').catch(nothing);
const { state } = manager.get('second');
await manager.unloadAll();
process.stdout.write(JSON.stringify({ refused, state }));
