import { writeFile } from 'node:fs/promises';
import { memoryStateStore } from 'bulkhead';
import { expect, it } from 'vitest';
import { gate } from './support/gate.ts';
import { bench, benchIn, loadedBench, pluginSource, until, Workspace } from './support/workspace.ts';

const OFF = { hotReload: false };
const never = 'await new Promise(() => {});';
const asyncSetup = (source: string) => source.replace('setup(ctx)', 'async setup(ctx)');

it('refuses a configuration that cannot be sent, with the path to the part', async () => {
  const { manager } = await bench(
    { 'a.ts': pluginSource('a', ''), 'constructor.ts': pluginSource('constructor', '') },
    OFF,
  );
  expect((await manager.loadAll()).loaded).toEqual(['a', 'constructor']);
  await expect(manager.configure('a', { deep: { f() {} } })).rejects.toMatchObject({
    code: 'ERR_NOT_CLONEABLE',
    message: expect.stringContaining('.deep.f'),
  });
  await manager.reload('a');
});

it('keeps nothing that a failed setup wrote, however long it goes on writing', async () => {
  const good = `return { k: () => ctx.state.get('k') };`;
  const { manager, workspace } = await loadedBench({ 'a.ts': pluginSource('a', good) }, OFF);
  const bad = `const write = () => { ctx.state.set('k', Math.random()); setImmediate(write); }; write(); await ctx.bot; throw new Error('no');`;
  await writeFile(workspace.path('plugins/a.ts'), asyncSetup(pluginSource('a', bad)));
  await expect(manager.reload('a')).rejects.toMatchObject({ code: 'ERR_PLUGIN_SETUP' });
  const { k } = manager.plugin<{ k(): unknown }>('a');
  expect(await k()).toBeUndefined();
  await manager.reload('a').catch(() => {});
  expect(await k()).toBeUndefined();
});

it('overlap: what the old generation emits while it is drained arrives', async () => {
  const heard: unknown[] = [];
  const { open: proceed, opened: held } = gate();
  const { manager } = await loadedBench(
    {
      'a.ts': pluginSource(
        'a',
        `ctx.on('begin', async () => { await ctx.bot.hold(); ctx.emit('end'); });`,
        `swap: 'overlap',`,
      ),
      'b.ts': pluginSource('b', `ctx.on('end', () => ctx.bot.heard());`),
    },
    { ...OFF, bot: { hold: () => held, heard: () => heard.push(1) } },
  );
  await manager.emit('begin');
  const reload = manager.reload('a');
  await until(() => manager.get('a')?.generation === 2, 'the flip');
  proceed();
  await reload;
  await until(() => heard.length === 1, 'the event');
});

it('overlap: both generations end up with the value that the host saw last', async () => {
  const source = pluginSource(
    'a',
    `const write = async () => {
      for (let n = 0; n < 50; n++) {
        // Both write before either is told what the other has written.
        await ctx.bot.meet();
        ctx.state.set('k' + n, ctx.generation);
      }
      ctx.state.set('of' + ctx.generation, true);
      // What the other has written was sent here before this is answered.
      await ctx.bot.meet();
      await ctx.bot.ended(ctx.generation, Object.fromEntries(ctx.state.entries()));
    };
    if (ctx.generation > 1) await write();
    return { write };`,
    `swap: 'overlap',`,
  );
  const waiting: (() => void)[] = [];
  const meet = () =>
    new Promise<void>((resolve) => {
      if (waiting.push(resolve) === 2) for (const proceed of waiting.splice(0)) proceed();
    });
  const ends = new Map<number, Record<string, unknown>>();
  const ended = (generation: number, state: Record<string, unknown>) => void ends.set(generation, state);
  const stateStore = memoryStateStore();
  const { manager } = await loadedBench(
    { 'a.ts': asyncSetup(source) },
    { ...OFF, stateStore, bot: { meet, ended } },
  );
  const writing = manager.plugin<{ write(): void }>('a').write();
  await manager.reload('a');
  await writing;
  const stored = Object.fromEntries((await stateStore.load('a'))?.entries ?? []);
  expect(Object.keys(stored)).toHaveLength(52);
  expect(Object.fromEntries(ends)).toEqual({ 1: stored, 2: stored });
});

it('does not lose a stored state because the store failed once', async () => {
  const workspace = await Workspace.create({
    'plugins/a.ts': pluginSource(
      'a',
      `return { put: () => ctx.state.set('k', 1), k: () => ctx.state.get('k') };`,
    ),
    'plugins/b.ts': pluginSource('b', ''),
  });
  const stateStore = memoryStateStore();
  const first = benchIn(workspace, { ...OFF, stateStore });
  await first.manager.loadAll();
  await first.manager.plugin<{ put(): void }>('a').put();
  await first.manager.unloadAll();
  let failures = 1;
  const flaky: typeof stateStore = {
    ...stateStore,
    load: async (id) => {
      if (id === 'a' && failures-- > 0) throw new Error('disk on fire');
      return stateStore.load(id);
    },
  };
  const second = benchIn(workspace, { ...OFF, stateStore: flaky });
  expect(await second.manager.loadAll()).toMatchObject({
    loaded: ['b'],
    failed: [{ name: 'a', error: { message: expect.stringContaining('disk on fire') } }],
  });
  await second.manager.load('a');
  expect(await second.manager.plugin<{ k(): number }>('a').k()).toBe(1);
});

it('serves on with the old configuration when the new one fails in setup', async () => {
  const source = pluginSource(
    'a',
    `if (ctx.config.bad) throw new Error('bad config'); return { config: () => ctx.config };`,
  );
  const { manager } = await loadedBench({ 'a.js': source }, { ...OFF, config: { a: { bad: false } } });
  await expect(manager.configure('a', { bad: true })).rejects.toThrow('bad config');
  expect(manager.get('a')?.state).toBe('running');
  expect(await manager.plugin<{ config(): unknown }>('a').config()).toEqual({ bad: false });
  await manager.configure('a', { bad: false, more: 1 });
  expect(await manager.plugin<{ config(): unknown }>('a').config()).toEqual({ bad: false, more: 1 });
});

it('gives up onConfig and migrate that never end, and a stop does not wait for them', async () => {
  const { manager, workspace } = await loadedBench(
    { 'a.ts': pluginSource('a', `ctx.onConfig(async () => { ${never} });`) },
    { ...OFF, defaults: { startMs: 3_000, drainMs: 600_000 } },
  );
  await expect(manager.configure('a', 1)).rejects.toThrow('onConfig did not end within 3000 ms');
  await writeFile(
    workspace.path('plugins/a.ts'),
    pluginSource('a', '', `state: { version: 2, async migrate() { ${never} } },`),
  );
  await expect(manager.reload('a')).rejects.toThrow('state.migrate did not end within 3000 ms');
  const configuring = manager.configure('a', 2).catch((error: unknown) => error);
  await manager.unloadAll();
  expect(await configuring).toBeInstanceOf(Error);
});

it('starts nothing after unloadAll that was asked for before', async () => {
  const { manager } = await bench({ 'a.ts': pluginSource('a', '') }, OFF);
  const loads = [manager.loadAll(), manager.load('a')].map((load) =>
    load.catch((error: { code?: string }) => error.code),
  );
  await manager.unloadAll();
  expect(await Promise.all(loads)).toEqual(['ERR_MANAGER_CLOSED', 'ERR_MANAGER_CLOSED']);
  expect(manager.list()).toEqual([]);
});

it('a plugin that reconfigures or reloads itself is not waited for', async () => {
  const { manager } = await bench(
    { 'a.ts': pluginSource('a', `return { go: () => ctx.bot.configure(), again: () => ctx.bot.reload() };`) },
    {
      ...OFF,
      defaults: { drainMs: 600_000 },
      bot: { configure: () => manager.configure('a', { n: 1 }), reload: () => manager.reload('a') },
    },
  );
  await manager.loadAll();
  const a = manager.plugin<{ go(): void; again(): void }>('a');
  await expect(a.go()).rejects.toMatchObject({ code: 'ERR_PLUGIN_RELOADED' });
  const both = [a.again(), a.again()].map((call) => (call as Promise<void>).catch(() => {}));
  await Promise.all(both);
  await until(
    () => manager.get('a')?.state === 'running' && (manager.get('a')?.generation ?? 0) >= 4,
    'all reloads',
  );
});

it('sends large values, many at once, in both directions', async () => {
  const { manager } = await loadedBench(
    { 'a.ts': pluginSource('a', 'return { echo: (text: string) => text };') },
    OFF,
  );
  const { echo } = manager.plugin<{ echo(text: string): string }>('a');
  const texts = ['x'.repeat(30e6), 'y'.repeat(30e6), 'z'.repeat(30e6)];
  const lengths = await Promise.all(texts.map(async (text) => (await echo(text)).length));
  expect(lengths).toEqual([30e6, 30e6, 30e6]);
});

it('bears an error of an odd name, a boxed string, and 20,000 events in one tick', async () => {
  const { manager, seen } = await loadedBench(
    {
      'a.ts': pluginSource(
        'a',
        `ctx.on('count', () => {}); return { odd() { throw Object.assign(new Error('odd'), { name: 'toString' }); }, boxed: () => new String('x'.repeat(3e6)), many() { for (let n = 0; n < 20_000; n++) ctx.emit('count', n); } };`,
      ),
    },
    OFF,
  );
  const a = manager.plugin<{ odd(): void; boxed(): unknown; many(): void }>('a');
  await expect(a.odd()).rejects.toMatchObject({ name: 'toString', message: 'odd' });
  expect(String(await a.boxed())).toHaveLength(3e6);
  await a.many();
  expect(seen('crashed')).toEqual([]);
});

it('keeps a disabled plugin disabled through unload and unloadAll', async () => {
  const { manager } = await loadedBench({ 'a.ts': pluginSource('a', '') }, OFF);
  await manager.disable('a');
  await manager.unload('a');
  await expect(manager.reload('a')).rejects.toMatchObject({ code: 'ERR_PLUGIN_DISABLED' });
  await manager.unloadAll();
  expect((await manager.loadAll()).loaded).toEqual([]);
  await manager.enable('a');
  expect(manager.get('a')?.state).toBe('running');
});

it('gives a name, and a command, to one plugin only, however close the race', async () => {
  const slow = (command: string) =>
    asyncSetup(pluginSource('same', `await ctx.bot.wait(); ctx.command('${command}', () => '');`));
  const { manager, log } = await bench(
    {
      'one.ts': slow('x'),
      'two.ts': slow('y'),
      'late.ts': pluginSource('late', `return { late: () => { ctx.command('taken', () => 'late'); } };`),
      'early.ts': pluginSource('early', `ctx.command('taken', () => 'early');`),
    },
    { ...OFF, bot: { wait: () => new Promise((resolve) => setImmediate(resolve)) } },
  );
  const { loaded, failed } = await manager.loadAll();
  expect(loaded.filter((name) => name === 'same')).toHaveLength(1);
  expect(failed).toMatchObject([{ error: { code: 'ERR_PLUGIN_NAME_TAKEN' } }]);
  await manager.plugin<{ late(): void }>('late').late();
  await until(() => log.some(({ text }) => text.includes('is not registered')), 'the refusal');
  const owners = manager.commands.list().filter(({ name }) => name === 'taken');
  expect(owners).toMatchObject([{ plugin: 'early' }]);
});

it('leaves no trace of a plugin that is unloaded in the middle of a reload', async () => {
  const { manager, workspace, seen } = await loadedBench(
    { 'a.ts': pluginSource('a', `ctx.command('hi', () => '');`) },
    OFF,
  );
  await writeFile(workspace.path('plugins/a.ts'), asyncSetup(pluginSource('a', never)));
  const reload = manager.reload('a').catch(() => {});
  await until(() => manager.get('a')?.state === 'reloading', 'the swap');
  await manager.unload('a');
  await reload;
  expect(manager.get('a')?.state).toBe('stopped');
  expect(manager.commands.list()).toEqual([]);
  expect(seen('unloaded')).toHaveLength(1);
  await manager.emit('anything');
  expect(seen('dead-letter')).toEqual([]);
});

it('tells why the new version failed, also if the old one cannot come back', async () => {
  const { manager, workspace, log } = await loadedBench(
    {
      'a.ts': pluginSource(
        'a',
        `if (ctx.state.has('once')) throw new Error('not twice'); ctx.state.set('once', 1);`,
      ),
    },
    { ...OFF, defaults: { restart: { initialDelayMs: 600_000 } } },
  );
  await writeFile(workspace.path('plugins/a.ts'), pluginSource('a', `throw new Error('new version error');`));
  await expect(manager.reload('a')).rejects.toThrow('new version error');
  expect(manager.get('a')?.state).toBe('backoff');
  expect(log.some(({ text }) => text.includes('not twice'))).toBe(true);
});

it('does not let events that nobody wants take the place of calls in a full queue', async () => {
  const { open: proceed, opened: held } = gate();
  const { manager } = await loadedBench(
    { 'a.ts': pluginSource('a', `ctx.onTeardown(() => ctx.bot.hold()); return { n: () => 1 };`) },
    { ...OFF, defaults: { queueLimit: 5 }, bot: { hold: () => held } },
  );
  const reload = manager.reload('a');
  await until(() => manager.get('a')?.state === 'reloading', 'the pause');
  for (let n = 0; n < 20; n++) expect((await manager.emit('unwanted', n)).failed).toEqual([]);
  const { n } = manager.plugin<{ n(): number }>('a');
  const calls = [n(), n(), n(), n(), n()];
  await expect(n()).rejects.toMatchObject({ code: 'ERR_QUEUE_FULL' });
  proceed();
  await reload;
  expect(await Promise.all(calls)).toEqual([1, 1, 1, 1, 1]);
});

it('logs a record of which a field cannot be read or sent, with what can be', async () => {
  const { log } = await loadedBench(
    {
      'a.ts': pluginSource(
        'a',
        `ctx.log.info({ user: 'ada', get age() { throw new Error('unknown'); }, f: () => 1, why: new TypeError('late') }, 'joined');`,
      ),
    },
    OFF,
  );
  const { fields } = await until(() => log.find(({ text }) => text === 'joined'), 'the line');
  expect(fields).toMatchObject({ user: 'ada', age: '(not readable: unknown)', f: '[Function: f]' });
  expect(fields.why).toEqual(new TypeError('late'));
});

it.each([
  ['alone', 'ctx.log.error(error)'],
  ['among fields', `ctx.log.error({ err: error, user: 'ada' }, 'failed')`],
])('logs an error with its code and fields when it is given %s', async (_how, write) => {
  const error = `const error = Object.assign(new RangeError('too far'), { code: 'E_FAR', metres: 3 });`;
  const { log } = await loadedBench({ 'chatty.ts': pluginSource('chatty', `${error} ${write};`) }, OFF);
  const line = await until(() => log.find(({ level }) => level === 'error'), 'the line');
  expect(line.fields.err).toBeInstanceOf(RangeError);
  expect(line.fields.err).toMatchObject({ message: 'too far', code: 'E_FAR', metres: 3 });
});
