import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { Workspace } from './support/workspace.ts';

const run = promisify(execFile);
const FLAG = '--no-turboshaft-loop-unrolling';
/** Versions of Node before have no such flag. */
const HAS_FLAG = Number(process.versions.node.split('.')[0]) >= 22;

/** The flags that V8 is given by the time the manager is made, in a process that has no other. */
async function flagsSet(options: string): Promise<unknown> {
  const workspace = await Workspace.create({
    'main.mjs': `
import { syncBuiltinESMExports } from 'node:module';
import v8 from 'node:v8';
const flags = [];
const set = v8.setFlagsFromString;
v8.setFlagsFromString = (flag) => { flags.push(flag); set(flag); };
syncBuiltinESMExports();
const { PluginManager } = await import(${JSON.stringify(new URL('../dist/index.js', import.meta.url).href)});
const manager = new PluginManager({ pluginDir: new URL('./plugins', import.meta.url).pathname, hotReload: false, ${options} });
await manager.loadAll();
await manager.unloadAll();
console.log(JSON.stringify(flags));
`,
    'plugins/none.txt': '',
  });
  const { stdout } = await run(process.execPath, [workspace.path('main.mjs')], { timeout: 20_000 });
  return JSON.parse(stdout);
}

it.runIf(HAS_FLAG)('sets the flag of V8 without which some loops cannot be ended', async () => {
  expect(await flagsSet('')).toEqual([FLAG]);
});

it('leaves the flags of V8 alone if setV8Flags is false', async () => {
  expect(await flagsSet('setV8Flags: false')).toEqual([]);
});
