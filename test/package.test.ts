import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, rename, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { expect, it } from 'vitest';
import { Workspace } from './support/workspace.ts';

const ROOT = dirname(import.meta.dirname);

/** A bot's folder with the files that are published, and the packages that these need. */
async function installed(bot: string): Promise<Workspace> {
  const workspace = await Workspace.create({ 'bot.mjs': bot });
  const { files, dependencies } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'));
  for (const file of ['package.json', ...files]) {
    const target = workspace.path('node_modules/bulkhead', file);
    await cp(join(ROOT, file), target, { recursive: true });
  }
  for (const name of Object.keys(dependencies)) {
    const link = workspace.path('node_modules', name);
    await mkdir(dirname(link), { recursive: true });
    await symlink(join(ROOT, 'node_modules', name), link);
  }
  return workspace;
}

it.each(['source', 'development', 'production'])('is found under the condition %s', async (condition) => {
  const workspace = await installed(
    `import { PluginManager } from 'bulkhead';
     import { definePlugin } from 'bulkhead/plugin';
     console.log(typeof PluginManager, typeof definePlugin);`,
  );
  const run = promisify(execFile)(process.execPath, ['--conditions', condition, workspace.path('bot.mjs')]);
  expect((await run).stdout).toBe('function function\n');
});

it('can be required by a bot in CommonJS', async () => {
  const workspace = await installed('');
  await workspace.write({
    'bot.cjs': `console.log(typeof require('bulkhead').PluginManager, typeof require('bulkhead/plugin').definePlugin);`,
  });
  const run = promisify(execFile)(process.execPath, [workspace.path('bot.cjs')]);
  expect(await run).toEqual({ stdout: 'function function\n', stderr: '' });
});

it.each(['esm', 'cjs'] as const)('says that it cannot be part of a bundle: %s', async (format) => {
  const workspace = await installed(
    `import { PluginManager } from 'bulkhead'; console.log(typeof PluginManager);`,
  );
  const bundle = async (external: string[]) => {
    const outfile = workspace.path(format === 'esm' ? 'bundle.mjs' : 'bundle.cjs');
    await build({
      entryPoints: [workspace.path('bot.mjs')],
      bundle: true,
      platform: 'node',
      format,
      external,
      outfile,
      logLevel: 'silent',
    });
    return promisify(execFile)(process.execPath, [outfile]);
  };
  await expect(bundle([])).rejects.toMatchObject({ stderr: expect.stringContaining('--external:bulkhead') });
  expect((await bundle(['bulkhead'])).stdout).toBe('function\n');
});

it.each([
  ['thread', '--conditions=lively', ''],
  ['process', '--conditions=lively', ''],
  ['thread', '--no-deprecation', '-C lively --no-warnings'],
  ['process', '--no-deprecation', '-C lively --no-warnings'],
  ['thread', '--no-deprecation', '--conditions="lively"'],
  ['process', '--no-deprecation', String.raw`"-C" "of \"my\" bot" -C li"v"e"ly"`],
])(
  'resolves the packages of plugins under the conditions of the bot: %s %s %s',
  async (isolation, flag, NODE_OPTIONS) => {
    const workspace = await installed(
      `import { PluginManager } from 'bulkhead';
     const manager = new PluginManager({ pluginDir: 'plugins', hotReload: false, defaults: { isolation: '${isolation}' } });
     await manager.loadAll();
     const { imported, resolvedByNode, offloaded } = manager.plugin('a');
     console.log(JSON.stringify([await imported(), await resolvedByNode(), await offloaded()]));
     await manager.unloadAll();`,
    );
    const from = `import { which } from 'shared'; import { createRequire } from 'node:module';`;
    const required = `createRequire(import.meta.url)('shared').which`;
    await workspace.write({
      'node_modules/shared/package.json': JSON.stringify({
        exports: { lively: './lively.cjs', default: './built.cjs' },
      }),
      'node_modules/shared/lively.cjs': `exports.which = 'lively';`,
      'node_modules/shared/built.cjs': `exports.which = 'built';`,
      'plugins/_job.ts': `${from} export default () => [which, ${required}].join();`,
      'plugins/a.ts': `${from} import { definePlugin } from 'bulkhead/plugin';
      export default definePlugin({ name: 'a', version: '1.0.0', setup: (ctx) => ({
        imported: () => which,
        resolvedByNode: () => ${required},
        offloaded: () => ctx.offload(new URL('./_job.ts', import.meta.url)),
      }) });`,
    });
    const run = promisify(execFile)(process.execPath, [flag, workspace.path('bot.mjs')], {
      cwd: workspace.root,
      env: { ...process.env, NODE_OPTIONS },
    });
    expect(JSON.parse((await run).stdout)).toEqual(['lively', 'lively', 'lively,lively']);
  },
);

it.each([
  ['the bot', 'thread', '{}', 'WorkerThreads; the bot itself runs under the permission model'],
  [
    'the bot, also of a plugin with permissions',
    'thread',
    '{ worker: [] }',
    'WorkerThreads; the bot itself runs under the permission model',
  ],
  ['the plugin', 'process', '{ write: [] }', "a.js; the plugin's 'permissions' can grant it"],
])(
  'says of a bot under the permission model whom Node does not allow something: %s',
  async (_whom, isolation, permissions, text) => {
    const workspace = await installed(
      `import { PluginManager } from 'bulkhead';
     const silent = Object.fromEntries(['trace', 'debug', 'info', 'warn', 'error', 'fatal'].map((level) => [level, () => {}]));
     const defaults = { isolation: '${isolation}', permissions: ${permissions} };
     const manager = new PluginManager({ pluginDir: 'plugins', hotReload: false, logger: silent, defaults });
     const { failed } = await manager.loadAll();
     console.log(failed[0].error.message);
     await manager.unloadAll();`,
    );
    await workspace.write({
      'plugins/a.js': `import { writeFileSync } from 'node:fs'; writeFileSync(import.meta.filename, ''); export default {};`,
    });
    const may = (flag: string) => (process.allowedNodeEnvironmentFlags.has(flag) ? [flag] : []);
    const flags = [
      ...(may('--permission').length > 0 ? ['--permission'] : ['--experimental-permission']),
      '--allow-fs-read=*',
      '--allow-fs-write=*',
      '--allow-child-process',
      ...(isolation === 'process' ? ['--allow-worker'] : []),
      ...may('--allow-net'),
    ];
    const run = promisify(execFile)(process.execPath, [...flags, workspace.path('bot.mjs')], {
      cwd: workspace.root,
    });
    expect((await run).stdout).toContain(text);
  },
);

it("says that Yarn's Plug'n'Play must not keep it in an archive", async () => {
  const workspace = await installed('');
  const moved = 'bulkhead.zip/node_modules/bulkhead';
  await mkdir(dirname(workspace.path(moved)), { recursive: true });
  await rename(workspace.path('node_modules/bulkhead'), workspace.path(moved));
  await workspace.write({
    'bot.mjs': `Object.defineProperty(process.versions, 'pnp', { value: '3' });
      await import('./${moved}/dist/index.js').catch(({ code, message }) => console.log(code, message));`,
  });
  const run = promisify(execFile)(process.execPath, [workspace.path('bot.mjs')]);
  expect((await run).stdout).toMatch(/^ERR_BUNDLED .*nodeLinker/);
});

it('has errors also where somebody has frozen what errors inherit', async () => {
  const workspace = await installed(
    `import { PluginManager } from 'bulkhead';
     Object.freeze(Error.prototype);
     const manager = new PluginManager({ pluginDir: '.' });
     await manager.load('none').catch(({ name, code }) => console.log(name, code));`,
  );
  const run = promisify(execFile)(process.execPath, [workspace.path('bot.mjs')]);
  expect((await run).stdout).toBe('BulkheadError ERR_PLUGIN_NOT_FOUND\n');
});

it('says where a configuration file is wrong, also then', async () => {
  const workspace = await installed('');
  await workspace.write({
    'frozen.mjs': 'Object.freeze(Error.prototype);',
    'bulkhead.config.json': '{\n  "config": {},\n}',
  });
  const program = ['--import', './frozen.mjs', 'node_modules/bulkhead/dist/cli/main.js'];
  // Or it would start itself anew, of which newer Nodes warn with an error that they could not name.
  const env = { ...process.env, MALLOC_ARENA_MAX: '2' };
  const run = promisify(execFile)(process.execPath, program, { cwd: workspace.root, env });
  await expect(run).rejects.toMatchObject({
    stderr: expect.stringMatching(/^bulkhead: .*:2:15: JSON does not support trailing commas\n$/),
  });
});
