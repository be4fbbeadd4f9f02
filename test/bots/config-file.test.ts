import { expect, it } from 'vitest';
import { emptyConfig, parseConfig, readConfigFile } from '#internal/bots/config-file';
import { Workspace } from '../support/workspace.ts';

const PATH = '/etc/bot/bulkhead.config.json';

async function parse(document: unknown) {
  const { document: _document, ...config } = await parseConfig(JSON.stringify(document), PATH);
  return config;
}

const DEFAULTS = {
  enabled: true,
  pluginDirs: undefined,
  crashDir: undefined,
  hotReload: {},
  defaults: {},
  options: {},
  config: {},
};

it.each([
  ['nothing', {}, {}],
  [
    'a document of the older kind, with its delay in seconds',
    {
      bot: { domain: 'cytu.be', channel: 'mychannel' },
      plugins: { enabled: true, hot_reload: { enabled: true, debounce_delay: 0.5 } },
    },
    { hotReload: { enabled: true, debounceMs: 500 } },
  ],
  ['a bot of which not all is known', { bot: { channel: 'mychannel' } }, {}],
  ['no plugins at all', { plugins: { enabled: false } }, { enabled: false }],
  [
    'hot reload switched off in the older spelling',
    { plugins: { hot_reload: { enabled: false } } },
    { hotReload: { enabled: false } },
  ],
  [
    'hot reload in milliseconds',
    { plugins: { hotReload: { enabled: true, debounceMs: 5, polling: true, pollMs: 10, sweepMs: 0 } } },
    { hotReload: { enabled: true, debounceMs: 5, polling: true, pollMs: 10, sweepMs: 0 } },
  ],
  ['hot reload as a flag', { plugins: { hotReload: false } }, { hotReload: { enabled: false } }],
  [
    'hot reload as a flag in the older spelling',
    { plugins: { hot_reload: true } },
    { hotReload: { enabled: true } },
  ],
  [
    'a directory, from the place of the file',
    { plugins: { dir: 'my-plugins' } },
    { pluginDirs: ['/etc/bot/my-plugins'] },
  ],
  ['a directory for crash reports', { plugins: { crashDir: 'crashes' } }, { crashDir: '/etc/bot/crashes' }],
  ['several directories', { plugins: { dir: ['../a', '/b'] } }, { pluginDirs: ['/etc/a', '/b'] }],
  [
    'options for all plugins and for one',
    {
      plugins: {
        defaults: { drainMs: 1 },
        options: { image: { isolation: 'thread', env: ['KEY'], limits: { heapMb: 64 } } },
      },
    },
    {
      defaults: { drainMs: 1 },
      options: { image: { isolation: 'thread', env: ['KEY'], limits: { heapMb: 64 } } },
    },
  ],
  [
    "the plugins' own configuration, whatever it is",
    { config: { dice: { maxSides: 20 }, quotes: ['a'], seen: null } },
    { config: { dice: { maxSides: 20 }, quotes: ['a'], seen: null } },
  ],
])('reads %s', async (_what, document, expected) => {
  expect(await parse(document)).toEqual({ ...DEFAULTS, ...expected });
});

it('is the same without a file as with an empty document', async () => {
  expect(emptyConfig()).toEqual(await parseConfig('{}', PATH));
});

it.each([
  ['an unknown section', { plugin: {} }, `unknown name 'plugin' (did you mean 'plugins'?)`],
  [
    'an unknown key of plugins',
    { plugins: { hotreload: {} } },
    `unknown name 'plugins.hotreload' (did you mean 'hotReload'?)`,
  ],
  [
    'an unknown key of the older hot_reload',
    { plugins: { hot_reload: { debounce: 1 } } },
    `unknown name 'plugins.hot_reload.debounce' (did you mean 'debounce_delay'?)`,
  ],
  [
    'seconds in the newer hotReload',
    { plugins: { hotReload: { debounce_delay: 1 } } },
    `unknown name 'plugins.hotReload.debounce_delay'`,
  ],
  [
    'an unknown option of a plugin',
    { plugins: { options: { dice: { limit: {} } } } },
    `unknown name 'plugins.options.dice.limit' (did you mean 'limits'?)`,
  ],
  [
    'an unknown option of all plugins',
    { plugins: { defaults: { drainMS: 1 } } },
    `unknown name 'plugins.defaults.drainMS' (did you mean 'drainMs'?)`,
  ],
  [
    'a wrong type',
    { plugins: { enabled: 'yes' } },
    `'plugins.enabled': Invalid input: expected boolean, received string`,
  ],
  [
    'hot reload that is neither flag nor options',
    { plugins: { hotReload: 5 } },
    `'plugins.hotReload': expected true, false or an object of options`,
  ],
  [
    'a delay that is no number',
    { plugins: { hot_reload: { debounce_delay: '0.5' } } },
    `'plugins.hot_reload.debounce_delay': Invalid input: expected number`,
  ],
  [
    'a negative delay',
    { plugins: { hot_reload: { debounce_delay: -1 } } },
    `'plugins.hot_reload.debounce_delay': Too small`,
  ],
  ['something else than an object', [], `Wrong configuration file '${PATH}': Invalid input: expected object`],
  ['an empty list of directories', { plugins: { dir: [] } }, `'plugins.dir'`],
  [
    'a directory that is no text',
    { plugins: { dir: 5 } },
    `'plugins.dir': expected a directory, or a list of directories`,
  ],
  ['a bot that is no object', { bot: 'cytu.be' }, `'bot': Invalid input: expected object`],
  ['an unknown key of bot', { bot: { chanel: 'x' } }, `unknown name 'bot.chanel' (did you mean 'channel'?)`],
  ['a domain that is no text', { bot: { domain: 5 } }, `'bot.domain': Invalid input: expected string`],
  [
    'both spellings of hot reload',
    { plugins: { hot_reload: {}, hotReload: {} } },
    `'plugins.hot_reload': stands beside 'plugins.hotReload'`,
  ],
])('refuses %s, with the path and the nearest name', async (_what, document, text) => {
  await expect(parse(document)).rejects.toMatchObject({
    code: 'ERR_INVALID_OPTIONS',
    message: expect.stringContaining(text),
  });
  await expect(parse(document)).rejects.toThrow(`Wrong configuration file '${PATH}': `);
});

it.each([
  ['a trailing comma', '{\n  "bot": {},\n}', '2:12', 'JSON does not support trailing commas'],
  ['a missing comma', '{"a": 1\n "b": 2}', '2:2', 'Expected "," in JSON'],
  ['a comment', '{\n // here\n}', '2:2', 'JSON does not support comments'],
  ['an unfinished document', '{\n  "bot": {', '2:11', 'in JSON but found end of file'],
  ['nothing at all', '', '1:1', 'Unexpected end of file'],
])('says in which line and column there is %s', async (_what, text, place, message) => {
  const failure = await parseConfig(text, PATH).catch((error: Error) => error);
  expect(failure).toMatchObject({ name: 'JsonSyntaxError', place: `${PATH}:${place}` });
  expect((failure as Error).message).toMatch(`${PATH}:${place}: `);
  expect((failure as Error).message).toContain(message);
});

it('reads a file that an editor began with a byte order mark', async () => {
  const workspace = await Workspace.create({ 'bot.json': '\uFEFF{"config": {"dice": 6}}' });
  expect((await readConfigFile(workspace.path('bot.json'))).config).toEqual({ dice: 6 });
});
