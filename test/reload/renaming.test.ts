import { rename, writeFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { gate } from '../support/gate.ts';
import { bench, benchIn, loadedBench, until, Workspace } from '../support/workspace.ts';
import { currentValue, valued } from './values.ts';

const OFF = { hotReload: false } as const;

it('ends with one plugin under its name when its file is renamed', async () => {
  const { manager, workspace, next, seen } = await loadedBench({ 'dice.ts': valued('dice', 1) });
  const loaded = next('loaded');
  await rename(workspace.path('plugins/dice.ts'), workspace.path('plugins/cubes.ts'));
  await loaded;
  expect(manager.list().map(({ id, name, state }) => ({ id, name, state }))).toEqual([
    { id: 'cubes', name: 'dice', state: 'running' },
  ]);
  expect(await currentValue(manager, 'dice')).toBe(1);
  expect(seen('reload-failed')).toEqual([]);
});

it('waits for the teardown of a renamed plugin before it loads it under its new file', async () => {
  const { open, opened } = gate();
  const slow = valued('slow', 1, 'ctx.onTeardown(() => ctx.bot.gate());');
  const { manager, workspace, next, seen } = await loadedBench(
    { 'slow.ts': slow },
    { bot: { gate: () => opened } },
  );
  await rename(workspace.path('plugins/slow.ts'), workspace.path('plugins/renamed.ts'));
  await until(() => manager.get('slow')?.state === 'stopping', 'the teardown');
  const reloaded = next('loaded', ({ name }) => name === 'slow');
  open();
  await reloaded;
  expect(manager.list().map(({ id, name }) => ({ id, name }))).toEqual([{ id: 'renamed', name: 'slow' }]);
  expect(seen('reload-failed')).toEqual([]);
});

it('keeps the slot of a plugin that changes its name, under the new name only', async () => {
  const { manager, workspace, next } = await loadedBench({
    'dice.ts': valued('dice', 1, `ctx.state.set('kept', true);`),
  });
  const reloaded = next('reloaded');
  await writeFile(
    workspace.path('plugins/dice.ts'),
    valued('cubes', 2).replace('() => 2', `() => ctx.state.get('kept')`),
  );
  expect(await reloaded).toMatchObject({ name: 'cubes', generation: 2 });
  expect(await currentValue(manager, 'cubes')).toBe(true);
  expect(manager.get('cubes')).toMatchObject({ id: 'dice', generation: 2 });
  expect(manager.get('dice')).toBeUndefined();
  await expect(currentValue(manager, 'dice')).rejects.toThrow(
    `the plugin in ${workspace.path('plugins/dice.ts')} is called 'cubes'`,
  );
  await expect(manager.reload('dice')).rejects.toMatchObject({ code: 'ERR_PLUGIN_NOT_FOUND' });
});

it("refuses a name that is another plugin's name or id, shows both files, and takes it once it is free", async () => {
  const { manager, workspace, next } = await loadedBench({
    'first.ts': valued('dice', 1),
    'second.ts': valued('second', 2),
  });
  const [first, second] = [workspace.path('plugins/first.ts'), workspace.path('plugins/second.ts')];
  for (const taken of ['dice', 'first']) {
    const failed = next('reload-failed');
    await writeFile(second, valued(taken, 3));
    const { error, generation } = await failed;
    expect(error).toMatchObject({ code: 'ERR_PLUGIN_NAME_TAKEN' });
    expect(error.message).toContain(`'${taken}'`);
    expect(error.message).toContain(first);
    expect(error.message.split(second)).toHaveLength(2);
    expect(generation).toBeGreaterThan(0);
    expect(await currentValue(manager, 'second')).toBe(2);
  }
  const reloaded = next('reloaded', ({ name }) => name === 'first');
  await rename(first, `${first}.bak`);
  await reloaded;
  expect(await currentValue(manager, 'first')).toBe(3);
});

it('refuses a second plugin of the same name at the start, and loads the first', async () => {
  const { manager, workspace } = await bench({ 'a.ts': valued('same', 'a'), 'b.ts': valued('same', 'b') });
  const { loaded, failed } = await manager.loadAll();
  expect(loaded).toEqual(['same']);
  expect(failed).toHaveLength(1);
  expect(failed[0]?.error).toMatchObject({ code: 'ERR_PLUGIN_NAME_TAKEN' });
  expect(failed[0]?.error.message).toContain(workspace.path('plugins/a.ts'));
  expect(failed[0]?.error.message).toContain(workspace.path('plugins/b.ts'));
});

it('takes the first of two entries with one id, warns of the other, and takes that when the first is gone', async () => {
  const { manager, workspace, next } = await bench({
    'dice.js': valued('dice', 'js'),
    'dice.ts': valued('dice', 'ts'),
  });
  const { loaded, failed } = await manager.loadAll();
  expect(loaded).toEqual(['dice']);
  expect(failed[0]?.error.message).toContain(workspace.path('plugins/dice.ts'));
  expect(failed[0]?.error.message).toContain(`the same id as '${workspace.path('plugins/dice.js')}'`);
  expect(await currentValue(manager, 'dice')).toBe('js');
  const reloaded = next('reloaded');
  await rename(workspace.path('plugins/dice.js'), workspace.path('plugins/_dice.js'));
  await reloaded;
  expect(await currentValue(manager, 'dice')).toBe('ts');
  const warned = next('watch', ({ text }) => text.includes('has the same id'));
  await workspace.write({ 'plugins/dice.cjs': 'module.exports = {};' });
  expect((await warned).text).toContain(workspace.path('plugins/dice.cjs'));
  expect(await currentValue(manager, 'dice')).toBe('ts');
});

it('waits for a file that is away for a moment, although another has the same id', async () => {
  const workspace = await Workspace.create({
    'core/dice.ts': valued('dice', 'core'),
    'core/seen.ts': valued('seen', 1),
    'vendor/dice.ts': valued('dice', 'vendor'),
  });
  const pluginDir = [workspace.path('core'), workspace.path('vendor')];
  const { manager, next, seen } = benchIn(workspace, { pluginDir, hotReload: { debounceMs: 1_000 } });
  await manager.loadAll();
  const looked = next('reloaded');
  await rename(workspace.path('core/dice.ts'), workspace.path('core/_dice.ts'));
  await writeFile(workspace.path('core/seen.ts'), valued('seen', 2));
  expect(await looked).toMatchObject({ name: 'seen' });
  const saved = next('reloaded');
  await writeFile(workspace.path('core/_dice.ts'), valued('dice', 'saved'));
  await rename(workspace.path('core/_dice.ts'), workspace.path('core/dice.ts'));
  expect(await saved).toMatchObject({ name: 'dice', generation: 2 });
  expect(await currentValue(manager, 'dice')).toBe('saved');
  expect(seen('watch').filter(({ text }) => text.includes('has the same id'))).toEqual([]);
});

it('goes on with a plugin that moves to another plugin directory', async () => {
  const workspace = await Workspace.create({
    'core/dice.ts': valued('dice', 1),
    'core/seen.ts': valued('seen', 1),
    'vendor/poll.ts': valued('poll', 1),
  });
  const pluginDir = [workspace.path('core'), workspace.path('vendor')];
  const { manager, next, seen } = benchIn(workspace, { pluginDir });
  expect((await manager.loadAll()).loaded).toEqual(['dice', 'poll', 'seen']);
  const reloaded = next('reloaded');
  await rename(workspace.path('core/dice.ts'), workspace.path('vendor/dice.ts'));
  expect(await reloaded).toMatchObject({ name: 'dice', generation: 2 });
  expect(manager.get('dice')?.file).toBe(workspace.path('vendor/dice.ts'));
  expect(seen('unloaded')).toEqual([]);
});

it.each([
  [
    'a command',
    { a: '', b: `ctx.command('c', () => 'answer');` },
    { a: `ctx.command('c', () => 'answer');`, b: '' },
  ],
  ['a name', { a: 'one', b: 'two' }, { a: 'two', b: 'three' }],
])('moves %s from one plugin to another when both are saved', async (what, before, after) => {
  const source = (id: string, given: string, value: number) =>
    what === 'a name' ? valued(given, value) : valued(id, value, given);
  const files = ({ a, b }: typeof before, value: number) => ({
    'plugins/a.ts': source('a', a, value),
    'plugins/b.ts': source('b', b, value),
  });
  const workspace = await Workspace.create(files(before, 1));
  const { manager, seen } = benchIn(workspace);
  await manager.loadAll();
  await workspace.write(files(after, 2));
  await until(() => seen('reloaded').length === 2, 'both reloads');
  const [a, b] = what === 'a name' ? [after.a, after.b] : ['a', 'b'];
  expect([await currentValue(manager, a), await currentValue(manager, b)]).toEqual([2, 2]);
  expect(manager.commands.ownerOf('c')).toBe(what === 'a name' ? undefined : 'a');
});

it.each([
  ['two plugins', ['one', 'two'], ['two', 'one']],
  ['three plugins', ['one', 'two', 'three'], ['two', 'three', 'one']],
])(
  "lets %s swap their names when all are saved, without a moment in which a name is nobody's",
  async (_, before, after) => {
    const ids = ['a', 'b', 'c'];
    const files = (names: string[], value: string) =>
      Object.fromEntries(
        names.map((name, index) => [`plugins/${ids[index]}.ts`, valued(name, `${ids[index]}${value}`)]),
      );
    const workspace = await Workspace.create(files(before, '1'));
    const { manager, seen } = benchIn(workspace);
    await manager.loadAll();
    await workspace.write(files(after, '2'));
    await until(async () => {
      await Promise.all(before.map((name) => currentValue(manager, name)));
      return seen('reloaded').length === before.length;
    }, 'all reloads');
    for (const [index, name] of after.entries()) {
      expect(await currentValue(manager, name)).toBe(`${ids[index]}2`);
      expect(manager.get(name)).toMatchObject({ id: ids[index], generation: 2 });
    }
  },
);

it('lets two plugins swap their names when their files are swapped', async () => {
  const { manager, workspace, seen } = await loadedBench({
    'a.ts': valued('one', 1),
    'b.ts': valued('two', 2),
  });
  const [a, b, aside] = ['a.ts', 'b.ts', '_aside'].map((name) => workspace.path('plugins', name));
  await rename(a!, aside!);
  await rename(b!, a!);
  await rename(aside!, b!);
  await until(() => seen('reloaded').length === 2, 'both reloads');
  expect([manager.get('one')?.id, manager.get('two')?.id]).toEqual(['b', 'a']);
  expect(await currentValue(manager, 'one')).toBe(1);
});

const commanding = (name: string, command: string, value: string, before = '', fields = '') =>
  valued(name, value, `${before} ctx.command(${command}, () => '${value}');`).replace(
    "version: '1.0.0',",
    `version: '1.0.0', ${fields}`,
  );
const ADA = { user: 'ada', channel: 'lobby' };

it.each([
  ['two plugins', ['x', 'y'], ['y', 'x'], ''],
  ['two plugins with overlap', ['x', 'y'], ['y', 'x'], `swap: 'overlap',`],
  ['three plugins', ['x', 'y', 'z'], ['y', 'z', 'x'], ''],
])('lets %s swap their commands when all are saved', async (_, before, after, fields) => {
  const ids = ['a', 'b', 'c'];
  const files = (commands: string[], value: string) =>
    Object.fromEntries(
      commands.map((command, index) => {
        const id = ids[index] as string;
        return [`plugins/${id}.ts`, commanding(id, `'${command}'`, `${id}${value}`, '', fields)];
      }),
    );
  const { manager, workspace, seen } = benchIn(await Workspace.create(files(before, '1')));
  await manager.loadAll();
  await workspace.write(files(after, '2'));
  await until(() => seen('reloaded').length === before.length, 'all reloads');
  for (const [index, command] of after.entries())
    expect(await manager.commands.dispatch(`!${command}`, ADA)).toMatchObject({ reply: `${ids[index]}2` });
  expect(manager.commands.list().map(({ name }) => name)).toEqual(before);
});

it('lets two plugins swap an alias and a command', async () => {
  const alias = (name: string, of: string) => `'${of}', { aliases: ['${name}'] }`;
  const { manager, workspace, seen } = await loadedBench({
    'a.ts': commanding('a', alias('X', 'a'), 'a1'),
    'b.ts': commanding('b', `'y'`, 'b1'),
  });
  await workspace.write({
    'plugins/a.ts': commanding('a', alias('Y', 'a'), 'a2'),
    'plugins/b.ts': commanding('b', `'x'`, 'b2'),
  });
  await until(() => seen('reloaded').length === 2, 'both reloads');
  expect(await manager.commands.dispatch('!y', ADA)).toMatchObject({ reply: 'a2' });
  expect(await manager.commands.dispatch('!x', ADA)).toMatchObject({ reply: 'b2' });
});

it('lets two plugins swap their names and commands when their files are swapped', async () => {
  const { manager, workspace, seen } = await loadedBench({
    'a.ts': commanding('one', `'x'`, '1'),
    'b.ts': commanding('two', `'y'`, '2'),
  });
  const [a, b, aside] = ['a.ts', 'b.ts', '_aside'].map((name) => workspace.path('plugins', name));
  await rename(a!, aside!);
  await rename(b!, a!);
  await rename(aside!, b!);
  await until(() => seen('reloaded').length === 2, 'both reloads');
  expect([manager.get('one')?.id, manager.get('two')?.id]).toEqual(['b', 'a']);
  expect(await manager.commands.dispatch('!x', ADA)).toMatchObject({ plugin: 'one', reply: '1' });
  expect(await manager.commands.dispatch('!y', ADA)).toMatchObject({ plugin: 'two', reply: '2' });
});

it('lets several plugins exchange names and commands crosswise', async () => {
  type Wish = [name: string, ...commands: string[]];
  const files = (wishes: Wish[], value: number) =>
    Object.fromEntries(
      wishes.map(([name, ...commands], index) => [
        `plugins/${'abcd'[index]}.ts`,
        valued(
          name,
          value,
          commands.map((each) => `ctx.command('${each}', () => '${name}${value}');`).join('\n'),
        ),
      ]),
    );
  const before: Wish[] = [
    ['three', 'w', 'y'],
    ['four', 'q', 'x'],
    ['one', 'z'],
    ['five', 'k'],
  ];
  const after: Wish[] = [
    ['five', 'k', 'y'],
    ['three', 'q', 'x'],
    ['two', 'w'],
    ['one', 'z'],
  ];
  const { manager, workspace, seen } = benchIn(await Workspace.create(files(before, 1)));
  await manager.loadAll();
  await workspace.write(files(after, 2));
  await until(() => seen('reloaded').length === after.length, 'all reloads');
  for (const [index, [name, ...commands]] of after.entries()) {
    expect(manager.get(name)?.id).toBe('abcd'[index]);
    for (const each of commands)
      expect(await manager.commands.dispatch(`!${each}`, ADA)).toMatchObject({
        plugin: name,
        reply: `${name}2`,
      });
  }
});

it('goes on without a command that another has taken over if the version fails that gives it up', async () => {
  const { manager, workspace, next, log } = await loadedBench(
    { 'a.ts': commanding('a', `'x'`, 'a1'), 'b.ts': commanding('b', `'y'`, 'b1') },
    OFF,
  );
  await workspace.write({
    'plugins/a.ts': commanding('a', `'y'`, 'a2', `if (ctx.generation > 3) throw new Error('broken');`),
    'plugins/b.ts': commanding('b', `'x'`, 'b2'),
  });
  await expect(manager.reload('a')).rejects.toMatchObject({ code: 'ERR_COMMAND_TAKEN' });
  const failed = next('reload-failed', ({ name }) => name === 'a');
  await manager.reload('b');
  expect((await failed).error.message).toContain('broken');
  expect(await currentValue(manager, 'a')).toBe('a1');
  expect(await manager.commands.dispatch('!x', ADA)).toMatchObject({ plugin: 'b', reply: 'b2' });
  const lost = `The command 'x' is already that of plugin 'b' and is not registered`;
  expect(log.filter(({ text }) => text.includes(lost))).toHaveLength(1);
  await workspace.write({ 'plugins/a.ts': commanding('a', `'y'`, 'a3') });
  await manager.reload('a');
  expect(await manager.commands.dispatch('!y', ADA)).toMatchObject({ plugin: 'a', reply: 'a3' });
});

it('refuses a command that its owner keeps, whatever that waits for', async () => {
  const { manager, workspace } = await loadedBench(
    {
      'a.ts': commanding('a', `'x'`, 'a1'),
      'b.ts': commanding('b', `'y'`, 'b1'),
      'c.ts': commanding('c', `'z'`, 'c1'),
    },
    OFF,
  );
  const both = (id: string) => commanding(id, `'x', () => {}); ctx.command('y'`, `${id}2`);
  await workspace.write({
    'plugins/a.ts': both('a'),
    'plugins/b.ts': both('b'),
    'plugins/c.ts': commanding('c', `'x'`, 'c2'),
  });
  for (const id of ['a', 'b', 'c'])
    await expect(manager.reload(id)).rejects.toMatchObject({ code: 'ERR_COMMAND_TAKEN' });
  expect(manager.commands.list().map(({ name, plugin }) => name + plugin)).toEqual(['xa', 'yb', 'zc']);
});

it('leaves two plugins alone of which each wants a command that the other keeps', async () => {
  const both = (id: string) =>
    commanding(id, `'x', () => {}); ctx.command('y'`, `${id}2`)
      .replace('setup(', 'async setup(')
      .replace('ctx.command', 'await new Promise((resolve) => setTimeout(resolve, 100)); ctx.command');
  const { manager, workspace, seen } = await loadedBench(
    {
      'a.ts': commanding('a', `'x'`, 'a1'),
      'b.ts': commanding('b', `'y'`, 'b1'),
      'other.ts': valued('other', 1),
    },
    OFF,
  );
  await workspace.write({ 'plugins/a.ts': both('a'), 'plugins/b.ts': both('b') });
  await Promise.allSettled([manager.reload('a'), manager.reload('b')]);
  const tries = 4;
  for (let n = 0; n < 30 && seen('reload-failed').length <= tries; n++) await manager.reload('other');
  expect(seen('reload-failed').length).toBeLessThanOrEqual(tries);
  expect(manager.commands.list().map(({ name, plugin }) => name + plugin)).toEqual(['xa', 'yb']);
});

it('leaves a plugin its commands that waits for a name', async () => {
  const { manager, workspace } = await loadedBench(
    {
      'a.ts': commanding('a', `'x'`, 'a1'),
      'b.ts': commanding('other', `'y'`, 'b1'),
    },
    OFF,
  );
  await workspace.write({ 'plugins/a.ts': commanding('other', `'x'`, 'a2') });
  await expect(manager.reload('a')).rejects.toMatchObject({ code: 'ERR_PLUGIN_NAME_TAKEN' });
  await workspace.write({ 'plugins/b.ts': commanding('other', `'y', () => {}); ctx.command('x'`, 'b2') });
  await expect(manager.reload('other')).rejects.toMatchObject({ code: 'ERR_COMMAND_TAKEN' });
  expect(manager.commands.list().map(({ name, plugin }) => name + plugin)).toEqual(['xa', 'yother']);
});

it('tries again what another was in the way of, also after a crash of the version that serves', async () => {
  const die = `ctx.on('die', () => process.exit(1));`;
  const { manager, workspace, next } = await loadedBench(
    { 'owner.ts': commanding('owner', `'c'`, 'o1'), 'late.ts': valued('late', 1, die) },
    { defaults: { restart: { initialDelayMs: 1 } } },
  );
  const failed = next('reload-failed');
  await workspace.write({ 'plugins/late.ts': commanding('late', `'c'`, 'l2') });
  expect(await failed).toMatchObject({ name: 'late', error: { code: 'ERR_COMMAND_TAKEN' } });
  const back = next('loaded');
  await manager.emit('die');
  await back;
  const reloaded = next('reloaded', ({ name }) => name === 'late');
  await workspace.write({ 'plugins/owner.ts': commanding('owner', `'other'`, 'o2') });
  await reloaded;
  expect(await manager.commands.dispatch('!c', ADA)).toMatchObject({ plugin: 'late', reply: 'l2' });
});

it('lets a plugin go on under the name that is left if another took its name and its own new version fails', async () => {
  const { manager, workspace, next } = await loadedBench(
    { 'a.ts': valued('one', 'a1'), 'b.ts': valued('two', 'b1') },
    OFF,
  );
  await workspace.write({
    'plugins/a.ts': valued('two', 'a2', `throw new Error('broken');`),
    'plugins/b.ts': valued('one', 'b2'),
  });
  await expect(manager.reload('one')).rejects.toMatchObject({ code: 'ERR_PLUGIN_NAME_TAKEN' });
  const failed = next('reload-failed', ({ stage }) => stage === 'setup');
  await manager.reload('two');
  expect(await failed).toMatchObject({ name: 'two', error: { message: expect.stringContaining('broken') } });
  expect(await currentValue(manager, 'one')).toBe('b2');
  expect(await currentValue(manager, 'two')).toBe('a1');
  await workspace.write({ 'plugins/a.ts': valued('two', 'a3') });
  await manager.reload('two');
  expect(await currentValue(manager, 'two')).toBe('a3');
});

it('leaves both plugins their names if the first to serve under the name of the other fails', async () => {
  const { manager, workspace } = await loadedBench(
    { 'a.ts': valued('one', 'a1'), 'b.ts': valued('two', 'b1') },
    OFF,
  );
  await workspace.write({
    'plugins/a.ts': valued('two', 'a2'),
    'plugins/b.ts': valued('one', 'b2', `throw new Error('broken');`),
  });
  await expect(manager.reload('one')).rejects.toMatchObject({ code: 'ERR_PLUGIN_NAME_TAKEN' });
  await expect(manager.reload('two')).rejects.toThrow('broken');
  expect([await currentValue(manager, 'one'), await currentValue(manager, 'two')]).toEqual(['a1', 'b1']);
});

it('refuses to swap names that are ids', async () => {
  const { manager, workspace } = await loadedBench(
    { 'a.ts': valued('one', 'a1'), 'b.ts': valued('two', 'b1') },
    OFF,
  );
  await workspace.write({ 'plugins/a.ts': valued('b', 'a2'), 'plugins/b.ts': valued('one', 'b2') });
  await expect(manager.reload('one')).rejects.toMatchObject({ code: 'ERR_PLUGIN_NAME_TAKEN' });
  await expect(manager.reload('two')).rejects.toMatchObject({ code: 'ERR_PLUGIN_NAME_TAKEN' });
  expect([await currentValue(manager, 'one'), await currentValue(manager, 'two')]).toEqual(['a1', 'b1']);
});

it('takes a command over when the plugin that has it is unloaded', async () => {
  const command = valued('late', 2, `ctx.command('c', () => 'answer');`);
  const { manager, workspace, next } = await loadedBench({
    'owner.ts': valued('owner', 1, `ctx.command('c', () => 'answer');`),
    'late.ts': valued('late', 1),
  });
  const failed = next('reload-failed');
  await writeFile(workspace.path('plugins/late.ts'), command);
  expect((await failed).error).toMatchObject({ code: 'ERR_COMMAND_TAKEN' });
  const reloaded = next('reloaded');
  await manager.unload('owner');
  expect(await reloaded).toMatchObject({ name: 'late' });
  expect(manager.commands.ownerOf('c')).toBe('late');
});

it('refuses a newcomer whose id is the name of a plugin that serves, not that plugin', async () => {
  const { manager, workspace, next } = await loadedBench({ 'c.ts': valued('x', 1) });
  const refused = next('reload-failed');
  await workspace.write({ 'plugins/x.ts': valued('other', 2) });
  expect(await refused).toMatchObject({ name: 'x', error: { code: 'ERR_PLUGIN_NAME_TAKEN' } });
  const reloaded = next('reloaded');
  await workspace.write({ 'plugins/c.ts': valued('x', 3) });
  await reloaded;
  expect(await currentValue(manager, 'x')).toBe(3);
});
