import { rm } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { pluginSource, Workspace } from '../support/workspace.ts';
import { RunningProgram } from './program.ts';

const FAST = JSON.stringify({ plugins: { hotReload: { debounceMs: 40 } } });

function greeter(greeting: string): string {
  return pluginSource('greeter', `ctx.command('hello', () => '${greeting}');`);
}

it('prints one line for an edit, with both times, and answers with the new version', async () => {
  const program = await RunningProgram.ready({
    'plugins/greeter.ts': greeter('one'),
    'bulkhead.config.json': FAST,
  });
  program.send('!hello');
  await program.shows('\none\n');
  const before = program.out;
  await program.workspace.write({ 'plugins/greeter.ts': greeter('two') });
  await program.shows('✓');
  program.send('!hello');
  await program.shows('\ntwo\n');
  expect(program.out.slice(before.length)).toMatch(
    /^✓ greeter 1\.0\.0 reloaded: generation 2, save to serving [\d.]+ ms, pause [\d.]+ ms\ntwo\n$/,
  );
});

it('prints where a broken save is broken, and goes on answering with the old version', async () => {
  const program = await RunningProgram.ready({
    'plugins/greeter.ts': greeter('one'),
    'bulkhead.config.json': FAST,
  });
  await program.workspace.write({ 'plugins/greeter.ts': 'export default {\n  name: ;\n};\n' });
  await program.shows('^');
  expect(program.out).toContain(
    '✗ greeter not reloaded, generation 1 goes on serving (build failed)\n  Unexpected ";"\n',
  );
  expect(program.out).toContain(`    at ${program.workspace.path('plugins/greeter.ts')}:2:9\n`);
  expect(program.out).toContain('  > 2 |   name: ;\n');
  program.send('!hello');
  await program.shows('\none\n');
});

it('prints that a start which hangs was given up for the next save', async () => {
  const program = await RunningProgram.ready({
    'plugins/greeter.ts': greeter('one'),
    'bulkhead.config.json': FAST,
  });
  const hanging = `console.log('hangs'); await new Promise(() => {});\n${greeter('two')}`;
  await program.workspace.write({ 'plugins/greeter.ts': hanging });
  await program.shows('hangs');
  await program.workspace.write({ 'plugins/greeter.ts': greeter('three') });
  await program.shows(
    /^✗ greeter not reloaded, generation 1 goes on serving \(load given up\)\n.*changed again/m,
  );
  await program.shows(/^✓ greeter 1\.0\.0 reloaded: generation 2/m);
});

it('prints a line for a plugin that appears, is saved as it was, and goes', async () => {
  const program = await RunningProgram.ready({
    'plugins/greeter.ts': greeter('one'),
    'bulkhead.config.json': FAST,
  });
  await program.workspace.write({ 'plugins/other.ts': pluginSource('other', '') });
  await program.shows(/^\+ other 1\.0\.0 loaded: generation 1, [\d.]+ ms$/m);
  await program.workspace.write({ 'plugins/greeter.ts': greeter('one') });
  await program.shows(/^= greeter unchanged/m);
  await rm(program.workspace.path('plugins/other.ts'));
  await program.shows(/^- other unloaded: generation 1 has ended$/m);
});

it('prints crashes with their place, and restarts', async () => {
  const restart = { initialDelayMs: 50, maxCrashes: 2, retryMs: 0 };
  const program = await RunningProgram.ready({
    'plugins/fragile.ts': pluginSource(
      'fragile',
      `ctx.command('crash', () => { setTimeout(() => { throw new Error('dropped it'); }); return 'soon'; });`,
    ),
    'bulkhead.config.json': JSON.stringify({ plugins: { options: { fragile: { restart } } } }),
  });
  program.send('!crash');
  await program.shows(/^! crashed: Plugin 'fragile' \(generation 1\) ended: uncaught Error: dropped it$/m);
  await program.shows(`${program.workspace.path('plugins/fragile.ts')}:5:`);
  await program.shows(/^! fragile starts again in [\d.]+ ms \(crash 1\)$/m);
  await program.shows(/^\+ fragile 1\.0\.0 loaded: generation 2, /m);
  program.send('!crash');
  await program.shows(
    "! fragile quarantined after 2 crashes: it waits for a save or '!plugin enable fragile'\n",
  );
});

it('prints once how many events a plugin did not get to handle', async () => {
  const program = await RunningProgram.ready({
    'plugins/fragile.ts': pluginSource(
      'fragile',
      `ctx.on('chat.message', () => new Promise(() => {})); ctx.command('exit', () => process.exit(3));`,
    ),
  });
  program.send('one\ntwo\nthree\n!exit');
  await program.shows("! fragile does not get to handle 3 events 'chat.message' (crashed)\n");
});

it('goes on when the whole folder that it runs in is replaced', async () => {
  const files = (greeting: string) => ({
    'plugins/greeter.ts': greeter(greeting),
    'bulkhead.config.json': FAST,
  });
  const program = await RunningProgram.ready(files('one'));
  await rm(program.workspace.root, { recursive: true });
  await program.workspace.write(files('two'));
  // A thread that was just starting when the folder went has failed.
  await program.shows(/^[✓✗] greeter/m);
  program.send('!plugin reload greeter');
  await program.shows(/^✓ greeter 1\.0\.0 reloaded/m);
  program.send('!hello');
  await program.shows('\ntwo\n');
});

it('says so when the folder that it runs in was removed', async () => {
  const elsewhere = await Workspace.create({ 'plugins/greeter.ts': greeter('one') });
  const program = await RunningProgram.ready({}, ['--plugins', elsewhere.path('plugins')]);
  await rm(program.workspace.root, { recursive: true });
  // There may be a thread that was started before.
  program.send('!plugin reload greeter\n!plugin reload greeter\n!plugin reload greeter');
  await program.shows(/not reloaded.*\n.*the working directory was removed, .* make it again/);
  program.send('!hello');
  await program.shows('\none\n');
  await elsewhere.write({ 'plugins/greeter.ts': greeter('two') });
  await program.workspace.write({ file: '' });
  // And one that was just being started.
  program.send('!plugin reload greeter\n!plugin reload greeter\n!plugin reload greeter\n!hello');
  await program.shows('\ntwo\n');
});
