import { execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { pluginSource, Workspace } from '../support/workspace.ts';
import { answers, MAIN, RunningProgram, runToEnd } from './program.ts';

const PLUGIN = { 'plugins/a.ts': pluginSource('a', `ctx.command('a', () => ctx.generation + '');`) };

it('starts with the arguments and answers with the code it was given', async () => {
  const program = await runToEnd({ 'plug ins/a.ts': PLUGIN['plugins/a.ts'] }, '!a\n', [
    '--plugins',
    'plug ins',
  ]);
  expect(answers(program)).toEqual(['1']);
  expect(program.code).toBe(0);
});

describe.runIf(existsSync('/proc/self/environ') && 'execve' in process)(
  'what glibc and V8 hold on to',
  () => {
    const told = ({ child }: RunningProgram, file: string) =>
      readFileSync(`/proc/${child.pid}/${file}`, 'utf8').split('\0');
    const settings = (program: RunningProgram) => [
      ...told(program, 'environ').filter((each) => each.startsWith('MALLOC_')),
      ...told(program, 'cmdline').filter((each) => each.startsWith('--scavenger')),
    ];

    beforeEach(() => void vi.stubEnv('MALLOC_ARENA_MAX', undefined));
    afterEach(() => void vi.unstubAllEnvs());

    it('is little, in the process that was started', async () => {
      const program = await RunningProgram.ready(PLUGIN);
      const isNode24 = process.version.startsWith('v24.');
      expect(settings(program).sort()).toEqual([
        ...(isNode24 ? ['--scavenger-max-new-space-capacity-mb=8'] : []),
        'MALLOC_ARENA_MAX=2',
        'MALLOC_MMAP_THRESHOLD_=131072',
      ]);
    });

    it('is left alone if the process was given a channel, or a file by its descriptor', async () => {
      const workspace = await Workspace.create({ ...PLUGIN, 'c.json': '{"plugins": {"enabled": false}}' });
      const child = fork(MAIN, { cwd: workspace.root, silent: true });
      onTestFinished(() => void child.kill('SIGKILL'));
      await once(child.stdout as Readable, 'data');
      expect(child.connected).toBe(true);
      const run = promisify(execFile)(
        'bash',
        ['-c', '"$@" 3< c.json < /dev/null', 'bash', process.execPath, MAIN, '--config', '/dev/fd/3'],
        { cwd: workspace.root },
      );
      expect((await run).stdout).toContain('plugins.enabled is false');
    });

    it('is what somebody wants', async () => {
      vi.stubEnv('MALLOC_ARENA_MAX', '5');
      expect(settings(await RunningProgram.ready(PLUGIN))).toEqual(['MALLOC_ARENA_MAX=5']);
    });

    it('is mapped as somebody wants', async () => {
      vi.stubEnv('MALLOC_MMAP_THRESHOLD_', '262144');
      expect(settings(await RunningProgram.ready(PLUGIN))).toContain('MALLOC_MMAP_THRESHOLD_=262144');
    });
  },
);
