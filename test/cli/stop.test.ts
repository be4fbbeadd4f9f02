import { expect, it, onTestFinished, vi } from 'vitest';
import { pluginSource, until, Workspace } from '../support/workspace.ts';
import { RunningProgram } from './program.ts';

const TIDY = pluginSource('tidy', `ctx.onTeardown(() => console.log('torn down'));`);

it.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const)('runs the teardowns after %s and ends with code %i', async (signal, code) => {
  const program = await RunningProgram.ready({ 'plugins/tidy.ts': TIDY });
  program.child.kill(signal);
  expect(await program.ended).toEqual({ code, signal: null });
  expect(program.err).toBe('[tidy] torn down\n');
  expect(program.out).toContain(`Stopping (${signal})`);
});

it('does not open the inspector on SIGUSR1, which a plugin could send', async () => {
  const program = await RunningProgram.ready({
    'plugins/tidy.ts': pluginSource('tidy', `ctx.command('hi', () => 'still here');`),
  });
  program.child.kill('SIGUSR1');
  program.send('!hi');
  await program.shows('still here');
  program.child.kill('SIGTERM');
  await program.ended;
  expect(program.err).not.toContain('Debugger listening');
});

/** A patient option: only the budget, of less than 5 s, can end it before a busy machine's patience ends. */
const PATIENT = { 'bulkhead.config.json': JSON.stringify({ plugins: { defaults: { teardownMs: 60_000 } } }) };
const BUSY_MS = 20_000;

it('ends within 5 s although a teardown never does, and names its plugin', async () => {
  const program = await RunningProgram.ready({
    ...PATIENT,
    'plugins/tidy.ts': TIDY,
    'plugins/stubborn.ts': pluginSource('stubborn', 'ctx.onTeardown(() => new Promise(() => {}));'),
  });
  const since = performance.now();
  program.child.kill('SIGINT');
  expect(await program.ended).toEqual({ code: 130, signal: null });
  expect(performance.now() - since).toBeLessThan(BUSY_MS);
  expect(program.err).toContain('[tidy] torn down\n');
  expect(program.err).toMatch(/^\[stubborn\] Teardown .*did not end/m);
});

it('ends by force within 5 s when a thread is stuck in a system call', async () => {
  const program = await RunningProgram.ready({
    'plugins/tidy.ts': TIDY,
    'plugins/stuck.ts': pluginSource(
      'stuck',
      `ctx.command('block', async () => {
         const { execFileSync } = await import('node:child_process');
         console.log('blocking');
         setTimeout(() => execFileSync('sleep', ['60'], { stdio: 'ignore' }));
       });`,
    ),
  });
  program.send('!block');
  await program.shows('blocking');
  const since = performance.now();
  program.child.kill('SIGINT');
  expect(await program.ended).toEqual({ code: null, signal: 'SIGKILL' });
  expect(performance.now() - since).toBeLessThan(BUSY_MS);
  expect(program.err).toContain('[tidy] torn down\n');
  expect(program.out).toContain('Ended by force, because stuck did not stop in time\n');
});

it('ends at once on a second signal', async () => {
  const program = await RunningProgram.ready({
    'plugins/stubborn.ts': pluginSource(
      'stubborn',
      `ctx.onTeardown(() => { console.log('never mind'); return new Promise(() => {}); });`,
    ),
  });
  program.child.kill('SIGINT');
  await program.shows('never mind');
  program.child.kill('SIGTERM');
  expect(await program.ended).toEqual({ code: null, signal: 'SIGTERM' });
});

it('keeps to the budget when the signal comes after the end of the input', async () => {
  const program = await RunningProgram.ready({
    'plugins/slow.ts': pluginSource(
      'slow',
      `ctx.onTeardown(() => { console.log('waiting'); return new Promise(() => {}); });`,
    ),
    ...PATIENT,
  });
  program.child.stdin.end();
  await program.shows('waiting');
  const since = performance.now();
  program.child.kill('SIGINT');
  expect(await program.ended).toEqual({ code: null, signal: 'SIGKILL' });
  expect(performance.now() - since).toBeLessThan(BUSY_MS);
});

it('stops while plugins are still being loaded', async () => {
  const program = await RunningProgram.starting({
    'plugins/slow.ts': pluginSource(
      'slow',
      `console.log('setting up'); await new Promise(() => {});`,
    ).replace('setup(', 'async setup('),
  });
  await program.shows('setting up');
  program.child.kill('SIGTERM');
  expect(await program.ended).toEqual({ code: 143, signal: null });
  expect(program.out).toMatch(/^Stopping \(SIGTERM\).*\n$/);
});

const SLOW_DIRECTORY = new URL('children/slow-directory.mjs', import.meta.url);

it.each([
  ['discovered', 'SIGINT', 130, ['--no-hot-reload']],
  ['discovered', 'SIGTERM', 143, ['--no-hot-reload']],
  ['watched', 'SIGTERM', 143, []],
] as const)('stops while the plugins are still being %s after %s', async (_what, signal, code, args) => {
  vi.stubEnv('NODE_OPTIONS', `--import ${SLOW_DIRECTORY.href}`);
  onTestFinished(() => void vi.unstubAllEnvs());
  const files = { 'plugins/late.ts': pluginSource('late', `console.log('set up');`) };
  const program = await RunningProgram.starting(files, [...args]);
  await program.shows('reading');
  program.child.kill(signal);
  await program.shows(`Stopping (${signal})`);
  await program.workspace.write({ go: '' });
  expect(await program.ended).toEqual({ code, signal: null });
  expect(program.out).toMatch(/^Stopping \(SIG.*\n$/);
  expect(program.err).toMatch(/^(reading\n)+$/);
});

it('runs the teardowns and ends with code 0 when a pipe reads only its first line', async () => {
  const tidy = pluginSource(
    'tidy',
    `ctx.command('hello', () => 'hello'); ctx.onTeardown(() => console.log('torn down'));`,
  );
  const workspace = await Workspace.create({ 'plugins/tidy.ts': tidy });
  const program = new RunningProgram(workspace, [], { into: 'head -1' });
  await program.shows(/^plugin .*\n/);
  // What reads it may take a moment to end.
  await until(() => {
    program.send('!hello');
    return program.err !== '';
  }, 'the teardown');
  const since = performance.now();
  expect(await program.ended).toEqual({ code: 0, signal: null });
  expect(performance.now() - since).toBeLessThan(BUSY_MS);
  expect(program.out).toMatch(/^plugin .*\n$/);
  expect(program.err).toBe('[tidy] torn down\n');
});
