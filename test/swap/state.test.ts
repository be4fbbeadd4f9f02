import { rm, writeFile } from 'node:fs/promises';
import { memoryStateStore } from 'bulkhead';
import { expect, it } from 'vitest';
import { gate } from '../support/gate.ts';
import {
  bench,
  benchIn,
  ISOLATION,
  loadedBench,
  pluginSource,
  until,
  Workspace,
} from '../support/workspace.ts';

const OFF = { hotReload: false };
const keeper = (fields: string, extra = '') =>
  pluginSource(
    'keeper',
    `${extra} return { set: (k: string, v: unknown) => ctx.state.set(k, v), all: () => Object.fromEntries(ctx.state.entries()) };`,
    fields,
  );
interface Keeper {
  set(key: string, value: unknown): void;
  all(): Record<string, unknown>;
}

it('keeps state over reload and unload, until clearState', async () => {
  const { manager } = await loadedBench({ 'keeper.ts': keeper('') }, OFF);
  const plugin = manager.plugin<Keeper>('keeper');
  await plugin.set('a', { n: [1] });
  await manager.reload('keeper');
  expect(await plugin.all()).toEqual({ a: { n: [1] } });
  await manager.unload('keeper');
  await manager.load('keeper');
  expect(await plugin.all()).toEqual({ a: { n: [1] } });
  await manager.clearState('keeper');
  expect(await plugin.all()).toEqual({});
  await manager.reload('keeper');
  expect(await plugin.all()).toEqual({});
});

it('keeps the state of a plugin whose file is gone, until clearState by its id', async () => {
  const { manager, workspace, next } = await loadedBench({ 'keeper.ts': keeper('') });
  const plugin = manager.plugin<Keeper>('keeper');
  await plugin.set('a', 1);
  const goAndComeBack = async (meanwhile = async () => {}) => {
    const unloaded = next('unloaded');
    await rm(workspace.path('plugins/keeper.ts'));
    await unloaded;
    await until(() => manager.get('keeper') === undefined, 'the plugin is gone');
    await meanwhile();
    await workspace.write({ 'plugins/keeper.ts': keeper('') });
    await manager.load('keeper');
  };
  await goAndComeBack();
  expect(await plugin.all()).toEqual({ a: 1 });
  await goAndComeBack(() =>
    expect(manager.clearState('keeper')).rejects.toMatchObject({ code: 'ERR_PLUGIN_NOT_FOUND' }),
  );
  expect(await plugin.all()).toEqual({});
});

it('keeps what was written in the moment before the thread ended, however many writes', async () => {
  const { manager, next } = await loadedBench(
    {
      'keeper.ts': pluginSource(
        'keeper',
        `return { die() { for (let n = 0; n < 2000; n++) ctx.state.set('n', n + 1); process.exit(1); }, n: () => ctx.state.get('n') };`,
      ),
    },
    { ...OFF, defaults: { restart: { initialDelayMs: 1 } } },
  );
  const plugin = manager.plugin<{ die(): void; n(): number }>('keeper');
  const back = next('loaded');
  await plugin.die().catch(() => {});
  await back;
  expect(await plugin.n()).toBe(2000);
});

it('keeps no fields under symbols, neither before nor after a reload', async () => {
  const setup = `return {
    set: () => ctx.state.set('k', { list: [{ [Symbol.for('s')]: () => {}, n: 1 }] }),
    symbols: () => Object.getOwnPropertySymbols(ctx.state.get('k').list[0]).length,
    all: () => Object.fromEntries(ctx.state.entries()),
  };`;
  const { manager } = await loadedBench({ 'keeper.ts': pluginSource('keeper', setup) }, OFF);
  const plugin = manager.plugin<Keeper & { set(): void; symbols(): number }>('keeper');
  await plugin.set();
  expect([await plugin.symbols(), await plugin.all()]).toEqual([0, { k: { list: [{ n: 1 }] } }]);
  await manager.reload('keeper');
  expect([await plugin.symbols(), await plugin.all()]).toEqual([0, { k: { list: [{ n: 1 }] } }]);
});

it.runIf(ISOLATION === 'process').each(['SIGKILL', 'SIGSEGV'])(
  'keeps what was written in the moment before %s ended the process',
  async (signal) => {
    const { manager, next } = await loadedBench(
      {
        'keeper.ts': pluginSource(
          'keeper',
          `return {
            die(text: string) {
              for (let n = 0; n < 100; n++) ctx.state.set('n', n + 1);
              ctx.state.set('text', text);
              process.kill(process.pid, '${signal}');
              return new Promise(() => {});
            },
            all: () => Object.fromEntries(ctx.state.entries()),
          };`,
        ),
      },
      { ...OFF, defaults: { restart: { initialDelayMs: 1, maxDelayMs: 1 } } },
    );
    const plugin = manager.plugin<{ die(text: string): void; all(): unknown }>('keeper');
    // The second is more than a pipe holds.
    for (const text of ['short', 'long'.repeat(500_000)]) {
      const back = next('loaded');
      await expect(plugin.die(text)).rejects.toMatchObject({ code: 'ERR_PLUGIN_CRASHED' });
      await back;
      expect(await plugin.all()).toEqual({ n: 100, text });
      await manager.clearState('keeper');
    }
  },
);

it('gives a copy in and out: changing a value does not change the state', async () => {
  const { manager } = await loadedBench(
    {
      'copy.ts': pluginSource(
        'copy',
        `const mine = { list: [1] }; ctx.state.set('k', mine); mine.list.push(2); ctx.state.get('k').list.push(3);
    return { k: () => ctx.state.get('k'), updated: () => ctx.state.update('k', (k) => ({ list: [...k.list, 4] })), has: () => [ctx.state.has('k'), ctx.state.delete('k'), ctx.state.delete('k'), ctx.state.has('k')] };`,
      ),
    },
    OFF,
  );
  const copy = manager.plugin<{ k(): unknown; updated(): unknown; has(): boolean[] }>('copy');
  expect(await copy.k()).toEqual({ list: [1] });
  expect(await copy.updated()).toEqual({ list: [1, 4] });
  expect(await copy.has()).toEqual([true, true, false, false]);
});

it('migrates the state to the version the new plugin wants, on a copy first', async () => {
  const { manager, workspace, seen } = await loadedBench({ 'keeper.ts': keeper('') }, OFF);
  const plugin = manager.plugin<Keeper>('keeper');
  await plugin.set('count', 2);
  const save = (fields: string) => writeFile(workspace.path('plugins/keeper.ts'), keeper(fields));
  await save(`state: { version: 2, migrate(old) { old.count++; throw new Error('cannot read it'); } },`);
  await expect(manager.reload('keeper')).rejects.toMatchObject({ code: 'ERR_STATE_MIGRATION' });
  expect(seen('reload-failed')).toMatchObject([{ stage: 'migrate', generation: 1 }]);
  await save(`state: { version: 2 },`);
  await expect(manager.reload('keeper')).rejects.toThrow('has no state.migrate');
  expect(await plugin.all()).toEqual({ count: 2 });
  await save(`state: { version: 2, migrate: () => new Map([['count', 2]]) },`);
  await expect(manager.reload('keeper')).rejects.toThrow('state.migrate returned Map(1)');
  await save(`state: { version: 3, migrate: async (old, from) => ({ total: old.count * 10, from }) },`);
  await manager.reload('keeper');
  expect(await plugin.all()).toEqual({ total: 20, from: 1 });
});

it('rolls back to the build before, with the state if the versions match', async () => {
  const { manager, workspace } = await loadedBench({ 'keeper.ts': keeper('') }, OFF);
  const plugin = manager.plugin<Keeper>('keeper');
  const noRollback = { code: 'ERR_NO_ROLLBACK' };
  await expect(manager.rollback('keeper')).rejects.toMatchObject(noRollback);
  await manager.reload('keeper');
  await expect(manager.rollback('keeper')).rejects.toMatchObject(noRollback);
  await manager.unload('keeper');
  await expect(manager.rollback('keeper')).rejects.toMatchObject(noRollback);
  await manager.load('keeper');
  await expect(manager.rollback('keeper')).rejects.toMatchObject(noRollback);
  await writeFile(workspace.path('plugins/keeper.ts'), keeper(`displayName: 'New',`));
  await manager.reload('keeper');
  await plugin.set('since', 'reload');
  expect(manager.get('keeper')).toMatchObject({ displayName: 'New', generation: 4 });
  await manager.rollback('keeper');
  expect(manager.get('keeper')).toMatchObject({ displayName: 'keeper', generation: 5 });
  expect(await plugin.all()).toEqual({ since: 'reload' });
});

it('asks before a rollback loses state of another version, and says what', async () => {
  const { manager, workspace } = await loadedBench({ 'keeper.ts': keeper('') }, OFF);
  const plugin = manager.plugin<Keeper>('keeper');
  await plugin.set('count', 1);
  await writeFile(
    workspace.path('plugins/keeper.ts'),
    keeper('state: { version: 2, migrate: (old) => old },'),
  );
  await manager.reload('keeper');
  await plugin.set('fresh', true);
  await expect(manager.rollback('keeper')).rejects.toMatchObject({
    code: 'ERR_STATE_SNAPSHOT',
    message: expect.stringContaining(`'fresh'`),
  });
  await manager.rollback('keeper', { state: 'snapshot' });
  expect(await plugin.all()).toEqual({ count: 1 });
});

it('finds state and disabled plugins again through a store', async () => {
  const workspace = await Workspace.create({
    'plugins/keeper.ts': keeper(''),
    'plugins/off.ts': pluginSource('off', ''),
  });
  const stateStore = memoryStateStore();
  const first = benchIn(workspace, { ...OFF, stateStore });
  await first.manager.loadAll();
  await first.manager.plugin<Keeper>('keeper').set('a', 1);
  await first.manager.disable('off');
  await first.manager.unloadAll();
  const second = benchIn(workspace, { ...OFF, stateStore });
  expect(await second.manager.loadAll()).toMatchObject({ loaded: ['keeper'] });
  expect(await second.manager.plugin<Keeper>('keeper').all()).toEqual({ a: 1 });
  expect(second.manager.get('off')).toMatchObject({ state: 'disabled' });
});

const overlapping = (body: string, fields = '') => pluginSource('duo', body, `swap: 'overlap', ${fields}`);

it('overlap: sets the new generation up while the old one serves, sharing the state both ways', async () => {
  const { open: proceed, opened: waiting } = gate();
  const { open: inSetup, opened: reached } = gate();
  const body = `return { who: () => ctx.generation, put: (k: string, v: number) => ctx.state.set(k, v), get: (k: string) => ctx.state.get(k) };`;
  const { manager, workspace, next } = await loadedBench(
    { 'duo.ts': overlapping(body) },
    {
      ...OFF,
      bot: {
        hold: () => {
          inSetup();
          return waiting;
        },
      },
    },
  );
  const duo = manager.plugin<{ who(): number; put(k: string, v: number): void; get(k: string): number }>(
    'duo',
  );
  await writeFile(
    workspace.path('plugins/duo.ts'),
    overlapping(
      `ctx.state.set('by', 'new'); await ctx.bot.hold(); const copied = ctx.state.get('late'); ${body.replace('{ who', '{ copied: () => copied, who')}`,
    ).replace('setup(ctx)', 'async setup(ctx)'),
  );
  const reloaded = next('reloaded');
  const reload = manager.reload('duo');
  await reached;
  expect(await duo.who()).toBe(1);
  expect(await duo.get('by')).toBe('new');
  await duo.put('late', 7);
  expect(manager.get('duo')?.state).toBe('running');
  proceed();
  await reload;
  expect(await reloaded).toMatchObject({ generation: 2 });
  expect(await duo.who()).toBe(2);
  expect(await manager.plugin<{ copied(): number }>('duo').copied()).toBe(7);
});

it('overlap: undoes what a new generation wrote whose setup failed, and nothing else', async () => {
  const body = `return { put: (k: string, v: unknown) => ctx.state.set(k, v), all: () => Object.fromEntries(ctx.state.entries()) };`;
  const { manager, workspace } = await loadedBench({ 'duo.ts': overlapping(body) }, OFF);
  const duo = manager.plugin<Keeper & { put(k: string, v: unknown): void }>('duo');
  await duo.put('kept', 1);
  await writeFile(
    workspace.path('plugins/duo.ts'),
    overlapping(`ctx.state.set('kept', 2); ctx.state.set('added', 3); throw new Error('no');`),
  );
  await expect(manager.reload('duo')).rejects.toMatchObject({ code: 'ERR_PLUGIN_SETUP' });
  expect(await duo.all()).toEqual({ kept: 1 });
  expect(manager.get('duo')).toMatchObject({ state: 'running', generation: 1 });
  await manager.unload('duo');
  await writeFile(workspace.path('plugins/duo.ts'), overlapping(body));
  await manager.load('duo');
  expect(await duo.all()).toEqual({ kept: 1 });
});

it('overlap: a changed state.version makes it a handover, with a warning', async () => {
  const states: unknown[] = [];
  const bot = { note: () => void states.push(manager.get('duo')?.state) };
  const { manager, workspace, log } = await loadedBench({ 'duo.ts': overlapping('') }, { ...OFF, bot });
  await writeFile(
    workspace.path('plugins/duo.ts'),
    overlapping('return ctx.bot.note();', 'state: { version: 2, migrate: (old) => old },'),
  );
  await manager.reload('duo');
  expect(states).toEqual(['reloading']);
  expect(log.some(({ text }) => text.includes('this reload is a handover'))).toBe(true);
});

it('overlap: goes on to the new generation when the old one dies during its setup', async () => {
  const { manager, workspace } = await bench(
    { 'duo.ts': overlapping(`return { die: () => process.exit(1) };`) },
    {
      ...OFF,
      bot: {
        kill: () =>
          manager
            .plugin<{ die(): void }>('duo')
            .die()
            .catch(() => {}),
      },
    },
  );
  await manager.loadAll();
  await writeFile(
    workspace.path('plugins/duo.ts'),
    overlapping(`await ctx.bot.kill(); return { alive: () => ctx.generation };`).replace(
      'setup(ctx)',
      'async setup(ctx)',
    ),
  );
  await manager.reload('duo');
  expect(manager.get('duo')).toMatchObject({ state: 'running', generation: 2, crashes: 1 });
  expect(await manager.plugin<{ alive(): number }>('duo').alive()).toBe(2);
});

it('forgets a key that is set to undefined, as a store does', async () => {
  const source = pluginSource(
    'keeper',
    `return { set: (value: unknown) => { ctx.state.set('k', value); }, has: () => ctx.state.has('k') };`,
  );
  const { manager } = await loadedBench({ 'keeper.ts': source }, { hotReload: false });
  const keeper = manager.plugin<{ set(value: unknown): void; has(): boolean }>('keeper');
  await keeper.set(1);
  expect(await keeper.has()).toBe(true);
  await keeper.set(undefined);
  expect(await keeper.has()).toBe(false);
  await manager.reload('keeper');
  expect(await keeper.has()).toBe(false);
});

it('brings a state larger than any message of a plugin over a reload', async () => {
  const source = pluginSource(
    'keeper',
    `return {
      fill: (key: string) => { ctx.state.set(key, Buffer.alloc(40 * 2 ** 20, key)); },
      ends: () => ctx.state.entries().map(([key, value]) => [key, value.length, value[value.length - 1]]),
    };`,
  );
  const { manager } = await loadedBench(
    { 'keeper.ts': source },
    { hotReload: false, defaults: { limits: { stateMb: 100, externalMb: 2_000 } } },
  );
  const keeper = manager.plugin<{ fill(key: string): void; ends(): unknown[] }>('keeper');
  await keeper.fill('a');
  await keeper.fill('b');
  await manager.reload('keeper');
  expect(await keeper.ends()).toEqual([
    ['a', 40 * 2 ** 20, 97],
    ['b', 40 * 2 ** 20, 98],
  ]);
});

it('says that migrate threw, also when only the state that the teardown left is too much for it', async () => {
  const { manager, workspace, seen } = await loadedBench(
    { 'v.ts': pluginSource('v', `ctx.onTeardown(() => ctx.state.set('late', true));`) },
    { hotReload: false },
  );
  const migrate = `state: { version: 2, migrate: (old) => { if (old.late) throw new Error('too late'); return old; } },`;
  await writeFile(workspace.path('plugins/v.ts'), pluginSource('v', '', migrate));
  await expect(manager.reload('v')).rejects.toMatchObject({
    code: 'ERR_STATE_MIGRATION',
    message: expect.stringContaining('threw while it migrated its state: Error: too late'),
  });
  expect(seen('reload-failed')).toMatchObject([{ stage: 'migrate', generation: 3 }]);
});
