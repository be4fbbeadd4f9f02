import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { pluginSource, Workspace } from '../support/workspace.ts';

const HOST = fileURLToPath(new URL('children/no-descriptors.mjs', import.meta.url));

it.skipIf(process.platform === 'win32')(
  'survives that a process cannot be started, and starts it when it can',
  async () => {
    const workspace = await Workspace.create({
      'plugins/first.ts': pluginSource('first', ''),
      'plugins/second.ts': pluginSource('second', ''),
    });
    const command = `ulimit -n 256; exec "${process.execPath}" "${HOST}" "${workspace.path('plugins')}"`;
    const { stdout } = await promisify(execFile)('sh', ['-c', command]);
    expect(JSON.parse(stdout)).toEqual({
      refused: expect.stringContaining('too many files are open (ulimit -n): EMFILE'),
      state: 'running',
    });
  },
);
