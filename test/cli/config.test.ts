import { readdir, rename, rm } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { pluginSource, until } from '../support/workspace.ts';
import { answers, RunningProgram, runToEnd } from './program.ts';

const FILE = 'bulkhead.config.json';

/** Answers with its generation and configuration; takes a new one by itself if it is told so. */
function configured(id: string, setup = ''): string {
  return pluginSource(
    id,
    `${setup} ctx.command('${id}', () => ctx.generation + ' ' + JSON.stringify(ctx.config));`,
  );
}

it('takes the document of the older kind as it is', async () => {
  const document = {
    bot: { domain: 'cytu.be', channel: 'mychannel' },
    plugins: { enabled: true, hot_reload: { enabled: true, debounce_delay: 0.5 } },
  };
  const program = await runToEnd(
    { 'plugins/dice.ts': configured('dice'), [FILE]: JSON.stringify(document) },
    '!dice\n',
  );
  expect(answers(program)).toEqual(['1 {}']);
  expect({ code: program.code, err: program.err }).toEqual({ code: 0, err: '' });
});

it('loads nothing and still runs with plugins.enabled: false', async () => {
  const program = await runToEnd(
    { 'plugins/dice.ts': configured('dice'), [FILE]: '{"plugins": {"enabled": false}}' },
    '!dice\n!plugin list\n!help\n',
  );
  expect(program.out).toMatch(
    /^No plugins are loaded: plugins\.enabled is false in bulkhead\.config\.json$/m,
  );
  expect(program.out).toContain('✗ Unknown command !dice.');
  expect(program.out).toContain('There are no plugins.');
  expect(program.code).toBe(0);
});

it('reads the file it is told to, and finds the plugins from there', async () => {
  const files = {
    'etc/bot.json':
      '{"plugins": {"dir": "parts", "hotReload": {"enabled": false}}, "config": {"dice": {"sides": 8}}}',
    'etc/parts/dice.ts': configured('dice'),
  };
  const program = await runToEnd(files, '!dice\n', ['--config', 'etc/bot.json']);
  expect(program.out).toContain('1 plugin; hot reload is off; ');
  expect(answers(program)).toEqual(['1 {"sides":8}']);
});

it('writes reports of crashes where the file says', async () => {
  const files = {
    'plugins/dice.ts': pluginSource('dice', `ctx.command('end', () => process.exit(1));`),
    [FILE]: '{"plugins": {"crashDir": "crashes"}}',
  };
  const program = await RunningProgram.ready(files);
  program.send('!end');
  const reports = () => readdir(program.workspace.path('crashes/dice')).catch(() => []);
  await until(async () => (await reports()).some((name) => name.endsWith('-1.json')), 'the report');
});

it.each([
  [
    'a wrong key',
    '{"plugins": {"hotreload": {}}}',
    /unknown name 'plugins\.hotreload' \(did you mean 'hotReload'\?\)\n$/,
  ],
  [
    'a mistake in its JSON',
    '{\n  "config": {},\n}',
    /bulkhead\.config\.json:2:15: JSON does not support trailing commas\n$/,
  ],
])('does not start with %s in the file, and says where', async (_what, text, message) => {
  const { code, out, err } = await runToEnd({ [FILE]: text }, '');
  expect({ code, out }).toEqual({ code: 1, out: '' });
  expect(err).toMatch(message);
});

it('does not start without the file it was told to read', async () => {
  const { code, err } = await runToEnd({}, '', ['--config', 'nowhere.json']);
  expect(code).toBe(1);
  expect(err).toMatch(/^bulkhead: the configuration file '.*nowhere\.json' does not exist\n$/);
});

it('does not start with a directory in the place of the file', async () => {
  const { code, err } = await runToEnd({ [`${FILE}/some`]: '' }, '');
  expect(code).toBe(1);
  expect(err).toMatch(/^bulkhead: '.*bulkhead\.config\.json' is a directory; expected a file\n$/);
});

it('warns at the start of entries that belong to no plugin', async () => {
  const document = { plugins: { options: { dicee: {} } }, config: { dice: 1, unheard_of: 1 } };
  const program = await runToEnd(
    { 'plugins/dice.ts': configured('dice'), [FILE]: JSON.stringify(document) },
    '',
  );
  expect(answers(program)).toEqual([
    "! bulkhead.config.json: config.unheard_of: there is no plugin in a file or folder 'unheard_of'",
    "! bulkhead.config.json: plugins.options.dicee: there is no plugin in a file or folder 'dicee' (did you mean 'dice'?)",
  ]);
});

it('gives a changed entry to its plugin, by a reload or by onConfig, and leaves the others alone', async () => {
  const program = await RunningProgram.ready({
    'plugins/dice.ts': configured('dice'),
    'plugins/poll.ts': configured('poll'),
    // Configuration is found by the name of the file, whatever the plugin calls itself.
    'plugins/quote_book.ts': configured('quotes', 'ctx.onConfig(() => {});'),
    [FILE]: JSON.stringify({ config: { dice: 1, poll: 1, quote_book: 1 } }),
  });
  await program.workspace.write({
    'new.json': JSON.stringify({ config: { dice: 2, poll: 1, quote_book: 2 } }),
  });
  await rename(program.workspace.path('new.json'), program.workspace.path(FILE));
  await Promise.all([
    program.shows(/^✓ dice 1\.0\.0 reloaded: generation 2, /m),
    program.shows(
      /^bulkhead\.config\.json: config\.quote_book changed, taken over by 'quotes' without a reload in /m,
    ),
  ]);
  program.send('!dice\n!poll\n!quotes');
  await program.shows('\n2 2\n1 1\n1 2\n');
});

it('says what takes effect at the next start only, and which entries belong to no plugin', async () => {
  const program = await RunningProgram.ready({ 'plugins/dice.ts': configured('dice') });
  await program.workspace.write({
    [FILE]: JSON.stringify({ plugins: { options: { dice: { drainMs: 1 } } }, config: { dcie: 1 } }),
  });
  await program.shows(
    '! bulkhead.config.json: plugins.options.dice changed; this takes effect when the bot is started again\n',
  );
  await program.shows(
    "! bulkhead.config.json: config.dcie changed, but there is no plugin in a file or folder 'dcie' (did you mean 'dice'?)\n",
  );
  await program.workspace.write({ [FILE]: JSON.stringify({ config: { dice: 1 } }) });
  await program.shows('✓ dice');
  expect(program.out.match(/dcie changed/g)).toHaveLength(1);
});

it('asks for no new start when what takes effect then is taken back', async () => {
  const file = (channel: string, sides: number) =>
    JSON.stringify({ bot: { domain: 'cytu.be', channel }, config: { dice: { sides } } });
  const program = await RunningProgram.ready({
    'plugins/dice.ts': configured('dice'),
    [FILE]: file('old', 1),
  });
  await program.workspace.write({ [FILE]: file('new', 1) });
  await program.shows('bot changed; this takes effect when the bot is started again');
  await program.workspace.write({ [FILE]: file('old', 2) });
  await program.shows(/^✓ dice 1\.0\.0 reloaded: generation 2, /m);
  expect(program.out.match(/bot changed/g)).toHaveLength(1);
});

it('leaves everything as it was when the file is broken, refused by the plugin, or gone', async () => {
  const picky = configured('picky').replace(
    'setup(ctx)',
    `config: { '~standard': { version: 1, vendor: 'test', validate: (value) =>
       typeof value === 'number' ? { value } : { issues: [{ message: 'a number is needed' }] } } },
     setup(ctx)`,
  );
  const program = await RunningProgram.ready({
    'plugins/picky.ts': picky,
    [FILE]: '{"config": {"picky": 1}}',
  });
  await program.workspace.write({ [FILE]: '{"config": {"picky": 2},}' });
  await program.shows(/^! bulkhead\.config\.json cannot be used, everything stays as it was: .*:1:24: /m);
  await program.workspace.write({ [FILE]: '{"config": {"picky": "many"}}' });
  await program.shows(
    /^✗ picky not reloaded, generation 1 goes on serving \(config failed\)\n(.*\n)*.*a number is needed/m,
  );
  await rm(program.workspace.path(FILE));
  await program.shows(/^! bulkhead\.config\.json cannot be used, everything stays as it was: ENOENT/m);
  program.send('!picky');
  await program.shows('\n1 1\n');
  await program.workspace.write({ [FILE]: '{"config": {"picky": 3}}' });
  await program.shows(/^✓ picky 1\.0\.0 reloaded/m);
  program.send('!picky');
  await program.shows(/^\d 3$/m);
});

/** As `configured`, with a schema that takes `{ size: <type> }`, and nothing else. */
const sized = (type: string, rest = '') =>
  configured('dice').replace(
    "version: '1.0.0',",
    `version: '1.0.0', config: { '~standard': { version: 1, vendor: 'test', validate: (value: any) =>
      typeof value.size === '${type}' ? { value } : { issues: [{ message: 'expected a ${type}' }] } } }, ${rest}`,
  );

it('gives a plugin that appears later what the file says for it by then', async () => {
  const program = await RunningProgram.ready({ 'plugins/a.ts': configured('a') });
  await program.workspace.write({ [FILE]: '{"config": {"dice": {"size": 6}}}' });
  await program.shows(/config\.dice changed, but .*no plugin/);
  await program.workspace.write({ 'plugins/dice.ts': sized('number') });
  await program.shows('+ dice');
  program.send('!dice');
  await program.shows('1 {"size":6}');
  expect(program.out).not.toContain('✗');
});

it('starts a plugin that comes together with its configuration with that', async () => {
  // The file of the configuration has been read before the quiet time is over.
  const plugins = { hotReload: { debounceMs: 3_000 } };
  const program = await RunningProgram.ready({
    'plugins/a.ts': configured('a'),
    [FILE]: JSON.stringify({ plugins }),
  });
  await program.workspace.write({
    'plugins/dice.ts': sized('number'),
    [FILE]: JSON.stringify({ plugins, config: { dice: { size: 6 } } }),
  });
  await program.shows('+ dice');
  program.send('!dice');
  await program.shows('1 {"size":6}');
  expect(program.out).not.toMatch(/✗|no plugin/);
});

it('gives the next version of a plugin the configuration that the one before refused', async () => {
  const program = await RunningProgram.ready({
    'plugins/dice.ts': sized('number'),
    [FILE]: '{"config": {"dice": {"size": 6}}}',
  });
  await program.workspace.write({ [FILE]: '{"config": {"dice": {"size": "large"}}}' });
  await program.shows('expected a number');
  await program.workspace.write({ 'plugins/dice.ts': sized('string') });
  await program.shows('expected a string');
  await program.shows(/generation 2/);
  program.send('!dice');
  await program.shows('2 {"size":"large"}');
});

it('gives a plugin its configuration when its file is mended that was broken when it changed', async () => {
  const program = await RunningProgram.ready({
    'plugins/dice.ts': configured('dice'),
    [FILE]: '{"config": {"dice": {"size": 6}}}',
  });
  await program.workspace.write({ 'plugins/dice.ts': 'export default (' });
  await program.shows('build failed');
  await program.workspace.write({ [FILE]: '{"config": {"dice": {"size": 7}}}' });
  await program.shows('as before');
  await program.workspace.write({ 'plugins/dice.ts': configured('dice', 'void 0;') });
  await program.shows(/generation 3/);
  program.send('!dice');
  await program.shows('3 {"size":7}');
});
