import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, symlink } from 'node:fs/promises';
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
