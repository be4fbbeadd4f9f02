import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { pluginSource } from '../support/workspace.ts';
import { answers, RunningProgram, runToEnd } from './program.ts';

const PLUGIN = { 'plugins/a.ts': pluginSource('a', `ctx.command('a', () => ctx.generation + '');`) };

it('starts with the arguments and answers with the code it was given', async () => {
  const program = await runToEnd({ 'plug ins/a.ts': PLUGIN['plugins/a.ts'] }, '!a\n', [
    '--plugins',
    'plug ins',
  ]);
  expect(answers(program)).toEqual(['1']);
  expect(program.code).toBe(0);
});

describe.runIf(existsSync('/proc/self/environ') && 'execve' in process)('the arenas of malloc', () => {
  const arenas = ({ child }: RunningProgram) =>
    readFileSync(`/proc/${child.pid}/environ`, 'utf8')
      .split('\0')
      .filter((each) => each.startsWith('MALLOC_ARENA_MAX='));

  it('are few, in the process that was started', async () => {
    expect(arenas(await RunningProgram.ready(PLUGIN))).toEqual(['MALLOC_ARENA_MAX=2']);
  });

  it('are as many as somebody wants', async () => {
    process.env.MALLOC_ARENA_MAX = '5';
    try {
      expect(arenas(await RunningProgram.ready(PLUGIN))).toEqual(['MALLOC_ARENA_MAX=5']);
    } finally {
      delete process.env.MALLOC_ARENA_MAX;
    }
  });
});
