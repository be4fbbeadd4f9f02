import { expect, it } from 'vitest';
import { pluginSource, Workspace } from '../support/workspace.ts';
import { READY, RunningProgram } from './program.ts';

const GREETER = pluginSource(
  'greeter',
  `ctx.command('hello', () => 'hello'); ctx.command('hang', () => new Promise(() => {}));
   ctx.onTeardown(() => console.log('torn down'));`,
);
const CTRL_C = '\u0003';
const CTRL_D = '\u0004';

/** The pseudo-terminal comes from util-linux's `script`, which is part of every usual Linux. */
const itInTerminal = it.runIf(process.platform === 'linux');

async function ready(): Promise<RunningProgram> {
  const workspace = await Workspace.create({ 'plugins/greeter.ts': GREETER });
  const program = new RunningProgram(workspace, [], { terminal: true });
  await program.shows(READY);
  await program.shows('> ');
  return program;
}

itInTerminal('ends with code 130 on Ctrl-C, after the teardowns', async () => {
  const program = await ready();
  program.child.stdin.write(`half a line${CTRL_C}`);
  expect(await program.ended).toEqual({ code: 130, signal: null });
  expect(program.out).toMatch(/Stopping \(SIGINT\).*\r\n(.*\r\n)*.*\[greeter\] torn down\r\n$/);
});

itInTerminal('ends with code 0 on Ctrl-D, after the teardowns', async () => {
  const program = await ready();
  program.child.stdin.write(CTRL_D);
  expect(await program.ended).toEqual({ code: 0, signal: null });
  expect(program.out).toMatch(/\[greeter\] torn down\r\n$/);
});

itInTerminal('answers other lines while a plugin does not answer one', async () => {
  const program = await ready();
  program.child.stdin.write('!hang\r!hello\r');
  await program.shows('hello\r\n');
  program.child.stdin.write('!plugin list\r');
  await program.shows(/greeter +1\.0\.0 +1 +running +0 +0/);
});
