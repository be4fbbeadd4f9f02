import { expect, it } from 'vitest';
import { compareConfigs } from '#internal/bots/config-changes';

it.each([
  ['nothing changed', { config: { dice: { a: 1 } } }, { config: { dice: { a: 1 } } }, [], []],
  [
    'only the order of keys changed',
    { config: { a: 1, b: { c: 1, d: 2 } } },
    { config: { b: { d: 2, c: 1 }, a: 1 } },
    [],
    [],
  ],
  [
    'one entry changed',
    { config: { dice: { a: 1 }, poll: 1 } },
    { config: { dice: { a: 2 }, poll: 1 } },
    ['dice'],
    [],
  ],
  ['an entry appeared', {}, { config: { dice: {} } }, ['dice'], []],
  ['an entry went', { config: { dice: {}, poll: 1 } }, { config: { poll: 1 } }, ['dice'], []],
  ['the bot changed', { bot: { channel: 'a' } }, { bot: { channel: 'b' } }, [], ['bot']],
  [
    'options of plugins changed',
    { plugins: { options: { image: { drainMs: 1 }, dice: { drainMs: 1 } } } },
    { plugins: { options: { image: { drainMs: 2 }, dice: { drainMs: 1 }, poll: {} } } },
    [],
    ['plugins.options.image', 'plugins.options.poll'],
  ],
  [
    'everything changed',
    {},
    { bot: {}, config: { dice: 1 }, plugins: { enabled: false, dir: 'x', defaults: {}, hot_reload: {} } },
    ['dice'],
    ['bot', 'plugins.defaults', 'plugins.dir', 'plugins.enabled', 'plugins.hot_reload'],
  ],
])('%s', (_what, before, after, configured, atNextStart) => {
  expect(compareConfigs(before, after)).toEqual({ configured, atNextStart });
});
