import { expect, it } from 'vitest';
import { gate } from '../support/gate.ts';
import { bench, loadedBench, pluginSource, until } from '../support/workspace.ts';

const OFF = { hotReload: false };
const ADA = { user: 'ada', channel: 'lobby' };

it('gives a command line to the plugin whose command it is, and its reply back', async () => {
  const { manager } = await loadedBench(
    {
      'roll.ts': pluginSource(
        'roll',
        `ctx.command('roll', { usage: '[dice]', description: 'Rolls', aliases: ['r'] }, (args, message) => JSON.stringify([args, message]));
    ctx.command('dice', () => ({ sides: [4, 6] }));
    ctx.command('quiet', () => {});
    ctx.command('broken', () => { throw new Error('out of dice'); });`,
      ),
    },
    OFF,
  );
  const { commands } = manager;
  expect(await commands.dispatch('!roll  3d6 kh1', ADA)).toMatchObject({
    kind: 'answered',
    plugin: 'roll',
    reply: JSON.stringify([['3d6', 'kh1'], { user: 'ada', channel: 'lobby', text: '!roll  3d6 kh1' }]),
  });
  expect(await commands.dispatch('!R', ADA)).toMatchObject({ kind: 'answered', command: 'roll' });
  expect(await commands.dispatch('!dice', ADA)).toMatchObject({ reply: '{ sides: [ 4, 6 ] }' });
  expect(await commands.dispatch('!quiet', ADA)).toMatchObject({ kind: 'answered', reply: undefined });
  expect(await commands.dispatch('!broken', ADA)).toMatchObject({
    kind: 'failed',
    error: { message: 'out of dice' },
  });
  expect(await commands.dispatch('!rollover', ADA)).toEqual({ kind: 'unknown', command: 'rollover' });
  expect(await commands.dispatch('roll', ADA)).toEqual({ kind: 'not-a-command' });
  expect(await commands.dispatch('!', ADA)).toEqual({ kind: 'not-a-command' });
  for (const source of [undefined, {}, { user: 'ada' }, { user: 'ada', channel: 5 }])
    expect(await commands.dispatch('!roll', source as never)).toMatchObject({
      kind: 'failed',
      error: { code: 'ERR_INVALID_ARGUMENT', message: expect.stringContaining('{ user, channel }') },
    });
  expect(commands.ownerOf(undefined as never)).toBeUndefined();
  expect(commands.list()).toMatchObject([
    { name: 'broken' },
    { name: 'dice' },
    { name: 'quiet' },
    { name: 'roll', usage: '[dice]', description: 'Rolls', aliases: ['r'], plugin: 'roll' },
  ]);
});

it('leaves no command of a plugin that was unloaded, and one of a reload once', async () => {
  const { manager } = await loadedBench({ 'a.ts': pluginSource('a', `ctx.command('hi', () => 'hi');`) }, OFF);
  await manager.reload('a');
  expect(manager.commands.list()).toHaveLength(1);
  await manager.unload('a');
  expect(manager.commands.list()).toEqual([]);
  expect(await manager.commands.dispatch('!hi', ADA)).toMatchObject({ kind: 'unknown' });
});

it('refuses a command that another plugin has', async () => {
  const { manager } = await bench(
    {
      'first.ts': pluginSource('first', `ctx.command('hi', () => 'first');`),
      'second.ts': pluginSource('second', `ctx.command('hello', { aliases: ['HI'] }, () => 'second');`),
    },
    { ...OFF, concurrency: 1 },
  );
  const { failed } = await manager.loadAll();
  expect(failed).toMatchObject([{ error: { code: 'ERR_COMMAND_TAKEN' } }]);
  expect(failed[0]?.error.message).toMatch(/'(HI|hi)' is already that of plugin '(first|second)'/);
});

it.each([
  ['a name twice', `ctx.command('roll', () => 1); ctx.command('roll', () => 2);`],
  ['names that differ in case', `ctx.command('roll', () => 1); ctx.command('Roll', () => 2);`],
  ['a name that is an alias', `ctx.command('roll', { aliases: ['r'] }, () => 1); ctx.command('R', () => 2);`],
])('refuses %s in one plugin', async (_what, setup) => {
  const { manager } = await bench({ 'dice.ts': pluginSource('dice', setup) }, OFF);
  expect((await manager.loadAll()).failed).toMatchObject([{ error: { code: 'ERR_COMMAND_TAKEN' } }]);
});

it('lets a plugin give up a command and register it anew, whoever gives it up twice', async () => {
  const setup = `
    const remove = ctx.command('roll', { aliases: ['r'] }, () => 'old');
    remove();
    ctx.command('r', () => 'new');
    remove();`;
  const { manager } = await loadedBench({ 'dice.ts': pluginSource('dice', setup) }, OFF);
  expect(await manager.commands.dispatch('!r', { user: 'ada', channel: 'main' })).toMatchObject({
    reply: 'new',
  });
  expect(manager.commands.ownerOf('roll')).toBeUndefined();
});

it.each([
  ['null', 'null'],
  ['undefined', 'undefined'],
  [`'text'`, 'text'],
  ['{ reason: 1 }', '{ reason: 1 }'],
])('reports %s that a command throws as an error', async (thrown, message) => {
  const source = pluginSource('odd', `ctx.command('go', () => { throw ${thrown}; });`);
  const { manager } = await loadedBench({ 'odd.ts': source }, OFF);
  const outcome = await manager.commands.dispatch('!go', ADA);
  expect(outcome).toMatchObject({ kind: 'failed', error: expect.any(Error) });
  expect(outcome).toMatchObject({ error: { message } });
  expect(await manager.commands.dispatch(undefined as never, ADA)).toEqual({ kind: 'not-a-command' });
});

it.each([
  [
    'an alias',
    `ctx.command('throw', { aliases: ['roll'] }, () => 'new');`,
    { kind: 'answered', reply: 'new' },
  ],
  ['another letter case', `ctx.command('Roll', () => 'new');`, { kind: 'answered', reply: 'new' }],
  ['nothing', '', { kind: 'failed', error: { code: 'ERR_NO_SUCH_METHOD' } }],
])(
  'asks the new version for a command that came during the pause and is %s there',
  async (_what, setup, outcome) => {
    const { open, opened } = gate();
    const slow = 'ctx.onTeardown(() => ctx.bot.wait());';
    const { manager, workspace } = await loadedBench(
      { 'dice.ts': pluginSource('dice', `${slow} ctx.command('roll', () => 'old');`) },
      { ...OFF, bot: { wait: () => opened } },
    );
    await workspace.write({ 'plugins/dice.ts': pluginSource('dice', setup) });
    const reload = manager.reload('dice');
    await until(() => manager.get('dice')?.state === 'reloading', 'the pause');
    const answer = manager.commands.dispatch('!roll', ADA);
    open();
    expect(await answer).toMatchObject(outcome);
    await reload;
  },
);

it.each([
  [`{ description: 'd'.repeat(5000) }`, "description of the command 'roll': expected a text of at most 4096"],
  [`{ usage: 5 }`, "usage of the command 'roll': expected a text of at most 4096 characters, got number"],
  [`{ aliases: 'r' }`, "aliases of the command 'roll': expected a list of names, got 'r'"],
  [`{ aliases: new Set(['r']) }`, "aliases of the command 'roll': expected a list of names, got Set"],
])('refuses a command with %s where it is registered', async (options, message) => {
  const source = pluginSource(
    'roll',
    `return { register: () => { ctx.command('roll', ${options} as never, () => 1); } };`,
  );
  const { manager } = await loadedBench({ 'roll.ts': source }, OFF);
  await expect(manager.plugin<{ register(): void }>('roll').register()).rejects.toMatchObject({
    code: 'ERR_INVALID_ARGUMENT',
    message: expect.stringContaining(message),
  });
  expect(manager.get('roll')).toMatchObject({ state: 'running', crashes: 0 });
});
