import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { Workspace } from '../support/workspace.ts';
import { valued } from './values.ts';

const HOST = fileURLToPath(new URL('children/few-descriptors.mjs', import.meta.url));

/** What a host tells that may open so few files that there is nothing left for one thing. */
async function withFewDescriptors(when: 'start' | 'later') {
  const workspace = await Workspace.create({ 'plugins/dice.ts': valued('dice', 1) });
  const command = `ulimit -n 256; exec "${process.execPath}" "${HOST}" ${when} "${workspace.path('plugins')}"`;
  const { stdout, stderr } = await promisify(execFile)('sh', ['-c', command]);
  expect(stderr).toBe('');
  return JSON.parse(stdout) as { before: unknown; errors: string[]; log: string[] };
}

it.skipIf(process.platform === 'win32')(
  'survives that the process that builds cannot be started, and loads what it could not when it can',
  async () => {
    const { before, errors } = await withFewDescriptors('start');
    expect(before).toBe('ERR_PLUGIN_UNAVAILABLE');
    expect(errors[0]).toMatch(/dice\.ts could not be built: spawn .*EMFILE/);
  },
);

it.skipIf(process.platform === 'win32')(
  'does not forget a save that could not be read for want of descriptors',
  async () => {
    const { before, errors, log } = await withFewDescriptors('later');
    expect(before).toBe(1);
    expect(errors[0]).toMatch(/EMFILE/);
    const said = log.filter((text) => text.includes("plugins' cannot be read (EMFILE"));
    expect(said).toHaveLength(1);
    expect(log.filter((text) => / is missing|'dice' unloaded/.test(text))).toEqual([
      "Plugin 'dice' unloaded",
    ]);
  },
);
