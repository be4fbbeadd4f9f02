import { expect, it } from 'vitest';
import { pluginSource } from '../support/workspace.ts';
import { answers, RunningProgram, runToEnd } from './program.ts';

const GREETER = pluginSource(
  'greeter',
  `ctx.command('hello', { usage: '[name]', description: 'Greets', aliases: ['hi'] }, async ([name], message) => {
     await new Promise((resolve) => setTimeout(resolve, name === 'slow' ? 150 : 0));
     return 'hello ' + (name ?? message.user);
   });
   ctx.command('quiet', () => {});
   ctx.command('broken', () => { throw new RangeError('out of greetings\\nand more'); });`,
  `description: 'Says hello', author: 'Ada',`,
);

it('shows the plugins, answers every line in order, and ends with code 0', async () => {
  const program = await runToEnd(
    { 'plugins/greeter.ts': GREETER },
    '!hello slow\n!hi bob\n!quiet\n!hello\n',
    ['--user', 'eve'],
  );
  expect({ code: program.code, err: program.err }).toEqual({ code: 0, err: '' });
  expect(program.out).toMatch(
    /^plugin +version +generation +state +loaded in\ngreeter +1\.0\.0 +1 +running +[\d.]+ ms\n/,
  );
  expect(answers(program)).toEqual(['hello slow', 'hello bob', 'hello eve']);
});

it('answers a last line that has no line end', async () => {
  const program = await runToEnd({ 'plugins/greeter.ts': GREETER }, '!hello a\n!hello b');
  expect(answers(program)).toEqual(['hello a', 'hello b']);
  expect(program.code).toBe(0);
});

it('ends with code 0 on empty input', async () => {
  const program = await runToEnd({ 'plugins/greeter.ts': GREETER }, '');
  expect(answers(program)).toEqual([]);
  expect(program.code).toBe(0);
});

it('gives other lines to the plugins as chat messages, and waits for their handlers before it ends', async () => {
  // Its handlers end only when the program has begun to stop.
  const slow = `import { existsSync } from 'node:fs';
${pluginSource(
  'slow',
  `ctx.on('chat.message', async ({ channel, user, text }) => {
     while (!existsSync('stopping')) await new Promise((resolve) => setTimeout(resolve, 1));
     await ctx.bot.send(channel, user + ' said ' + text);
   });`,
)}`;
  const last = `import { writeFileSync } from 'node:fs';
${pluginSource('last', `ctx.onTeardown(() => writeFileSync('stopping', ''));`)}`;
  const files = { 'plugins/greeter.ts': GREETER, 'plugins/slow.ts': slow, 'plugins/last.ts': last };
  const program = await runToEnd(files, 'good morning\n\n  !hello x\n', ['--user', 'eve']);
  expect(answers(program)).toEqual(['hello x', 'eve said good morning']);
  expect(program.code).toBe(0);
});

it('says that a line is too long for the plugins, and answers the next', async () => {
  const line = 'x'.repeat(65 * 1024 * 1024);
  const files = {
    'plugins/greeter.ts': GREETER,
    'plugins/listener.ts': pluginSource('listener', `ctx.on('chat.message', () => console.log('heard'));`),
  };
  const program = await runToEnd(files, `${line}\n!hello ${line}\n!hello x\n`);
  expect(answers(program).map((answer) => answer.slice(0, 200))).toEqual([
    expect.stringMatching(/^✗ payload of 'chat\.message' has about 681\d{5} bytes; at most 67108864 /),
    expect.stringMatching(/^✗ !hello failed: argument 1 has about 681\d{5} bytes; at most 67108864 /),
    'hello x',
  ]);
  expect({ code: program.code, err: program.err }).toEqual({ code: 0, err: '' });
});

it("says once of a plugin's command that the bot has one of that name, which is the one that answers", async () => {
  const helper = pluginSource(
    'helper',
    `ctx.command('Help', () => 'of the plugin'); ctx.command('more', { aliases: ['plugin'] }, () => 'more');`,
  );
  const program = await runToEnd(
    { 'plugins/helper.ts': helper },
    '!more\n!plugin reload helper\n!help help\n',
  );
  const hidden = (name: string, own: string) =>
    `! The command '${name}' of plugin 'helper' cannot be reached: !${own} is the bot's own; choose another name`;
  expect(answers(program)).toEqual([
    hidden('Help', 'help'),
    hidden('plugin', 'plugin'),
    'more',
    expect.stringContaining('helper 1.0.0 reloaded'),
    '!help [command]',
    'Lists the commands, or explains one',
  ]);
});

it('says which command was probably meant, and in one line what went wrong in one', async () => {
  const program = await runToEnd(
    { 'plugins/greeter.ts': GREETER },
    '!helllo\n!xyzzy\n!broken\n!plugin lost\n!plugin info greter\n',
  );
  expect(answers(program)).toEqual([
    '✗ Unknown command !helllo. Did you mean !hello? !help lists all.',
    '✗ Unknown command !xyzzy. !help lists all.',
    '✗ !broken failed: out of greetings (plugins/greeter.ts:10)',
    expect.stringMatching(/^✗ Unknown: !plugin lost\. Did you mean !plugin list\?/),
    "✗ There is no plugin 'greter' (did you mean 'greeter'?)",
  ]);
});

it('lists all commands with !help, and explains one', async () => {
  const program = await runToEnd({ 'plugins/greeter.ts': GREETER }, '!help\n!help hi\n!help nothing\n');
  const lines = answers(program);
  expect(lines[0]).toMatch(/^command +what it does +plugin$/);
  expect(lines).toContainEqual(
    expect.stringMatching(/^!help \[command\] +Lists the commands, or explains one$/),
  );
  expect(lines).toContainEqual(expect.stringMatching(/^!hello \[name\] +Greets +greeter$/));
  expect(lines.slice(-5)).toEqual([
    '!hello [name]',
    'Greets',
    'Also: !hi',
    'Plugin: greeter',
    '✗ Unknown command !nothing. !help lists all.',
  ]);
});

it('does with a plugin what !plugin says', async () => {
  const program = await runToEnd(
    { 'plugins/greeter.ts': GREETER },
    [
      '!plugin reload greeter',
      '!plugin load greeter',
      '!plugin disable greeter',
      '!plugin reload greeter',
      '!plugin list',
      '!plugin enable greeter',
      '!plugin unload greeter',
      '!plugin load greeter',
      '!plugin rollback greeter',
      '!plugin rollback greeter snapshots',
      '!plugin info greeter',
    ].join('\n'),
  );
  expect(answers(program)).toEqual([
    expect.stringMatching(
      /^✓ greeter 1\.0\.0 reloaded: generation 2, save to serving [\d.]+ ms, pause [\d.]+ ms$/,
    ),
    'greeter is running',
    '- greeter unloaded: generation 2 has ended',
    'greeter is disabled',
    "✗ Plugin 'greeter' is disabled; enable it first",
    expect.stringMatching(/^plugin +version +generation +state +reloads +crashes$/),
    expect.stringMatching(/^greeter +1\.0\.0 +2 +disabled +1 +0$/),
    expect.stringMatching(/^\+ greeter 1\.0\.0 loaded: generation 3, /),
    '- greeter unloaded: generation 3 has ended',
    expect.stringMatching(/^\+ greeter 1\.0\.0 loaded: generation 4, /),
    "✗ Plugin 'greeter' has no earlier accepted build; there will be one when a changed version has been loaded",
    "✗ rollback('greeter', { state }): expected 'snapshot' or nothing, got 'snapshots'",
    'name        greeter',
    'description Says hello',
    'version     1.0.0',
    'author      Ada',
    expect.stringMatching(/^state {7}running, since /),
    'generation  4, in a thread',
    'reloads     1',
    'crashes     0',
    'file        plugins/greeter.ts',
  ]);
});

it('shows what does not load below the table, with place and code frame, and runs the rest', async () => {
  const program = await runToEnd(
    { 'plugins/greeter.ts': GREETER, 'plugins/typo.ts': 'export default {\n  name: ;\n};\n' },
    '!hello\n',
    ['--user', 'eve'],
  );
  expect(program.out).toMatch(/^typo +- +0 +failed +-$/m);
  expect(program.out).toContain('✗ typo not loaded\n');
  expect(program.out).toContain('2 plugins, 1 of them failed; a saved file is reloaded; ');
  expect(program.out).toContain(`at ${program.workspace.path('plugins/typo.ts')}:2:9\n`);
  expect(program.out).toContain('> 2 |   name: ;');
  expect(answers(program)).toEqual(['hello eve']);
});

it('tells a failure that each retry repeats in full once', async () => {
  const options = '{"plugins": {"defaults": {"restart": {"initialDelayMs": 10, "maxDelayMs": 10}}}}';
  const broken = pluginSource('broken', `throw new Error('not today');`);
  const program = await RunningProgram.ready({
    'plugins/broken.ts': broken,
    'bulkhead.config.json': options,
  });
  await program.shows(/(^✗ broken not loaded \(setup failed\), as before\n[^✗]*){2}/m);
  expect(program.out.match(/: not today$/gm)).toHaveLength(1);
  await program.workspace.write({ 'plugins/broken.ts': broken.replace('not today', 'nor tomorrow') });
  await program.shows(/^✗ broken not loaded \(setup failed\)\n.*nor tomorrow/m);
});

it('shows what plugins log on standard error, from level info up', async () => {
  const source = pluginSource(
    'chatty',
    `ctx.log.debug('not this'); ctx.log.info({ users: 3 }, 'started'); console.warn('careful');
     ctx.log.error(new RangeError('too far'));`,
  );
  const program = await runToEnd({ 'plugins/chatty.ts': source }, '');
  expect(program.err.split('\n')).toEqual([
    '[chatty] started { users: 3 }',
    '[chatty] careful',
    '[chatty] too far',
    expect.stringContaining(`${program.workspace.path('plugins/chatty.ts')}:6:`),
    '',
  ]);
});

it('runs without a plugin directory and says so', async () => {
  const program = await runToEnd({}, '!plugin list\n');
  expect(program.out).toContain(program.workspace.path('plugins'));
  expect(answers(program)).toEqual(['There are no plugins.']);
  expect(program.code).toBe(0);
});

it('takes the plugins of several directories', async () => {
  const files = {
    'a/greeter.ts': GREETER,
    'b/other.ts': pluginSource('other', `ctx.command('other', () => 'yes');`),
  };
  const program = await runToEnd(files, '!hello a\n!other\n', [
    '--plugins',
    'a',
    '--plugins=b',
    '--no-hot-reload',
  ]);
  expect(program.out).toContain('2 plugins; hot reload is off; ');
  expect(answers(program)).toEqual(['hello a', 'yes']);
});

it('stops quietly when nobody reads its output any more', async () => {
  const source = pluginSource(
    'greeter',
    `ctx.command('hello', () => 'hello'); ctx.onTeardown(() => console.log('torn down'));`,
  );
  const program = await RunningProgram.ready({ 'plugins/greeter.ts': source });
  program.child.stdout.destroy();
  program.send('!hello');
  expect(await program.ended).toEqual({ code: 0, signal: null });
  expect(program.err).toBe('[greeter] torn down\n');
});
