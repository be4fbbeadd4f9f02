import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
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
