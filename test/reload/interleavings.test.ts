import { rename, writeFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { gate } from '../support/gate.ts';
import { bench, loadedBench, pluginSource, until } from '../support/workspace.ts';

const OFF = { hotReload: false } as const;

it('overlap: starts a new version again that ended while the old one was still being torn down', async () => {
  const source = (version: number) =>
    pluginSource(
      'p',
      `ctx.onTeardown(() => ctx.bot.wait()); return { die: () => process.exit(${version}) };`,
      `swap: 'overlap',`,
    );
  const { open: goOn, opened: waiting } = gate();
  const { manager, workspace, next, seen } = await loadedBench(
    { 'p.ts': source(1) },
    {
      ...OFF,
      bot: { wait: () => waiting },
      defaults: { teardownMs: 600_000, restart: { initialDelayMs: 1_000 } },
    },
  );
  await writeFile(workspace.path('plugins/p.ts'), source(2));
  const reload = manager.reload('p');
  await until(() => seen('reloaded').length === 1, 'the new version');
  await expect(manager.plugin<{ die(): void }>('p').die()).rejects.toMatchObject({ generation: 2 });
  const restarted = next('loaded');
  goOn();
  await reload;
  await restarted;
  expect(manager.get('p')).toMatchObject({ state: 'running', generation: 3 });
});

it('overlap: reports the crash of an old generation in its teardown, and starts nothing for it', async () => {
  const source = (teardown: string) =>
    pluginSource('p', `ctx.onTeardown(() => ${teardown}); return { ok: () => 'ok' };`, `swap: 'overlap',`);
  const { manager, workspace, seen } = await loadedBench({ 'p.ts': source('process.exit(7)') }, OFF);
  await writeFile(workspace.path('plugins/p.ts'), source('{}'));
  await manager.reload('p');
  await until(() => seen('crashed').length > 0, 'the report');
  expect(seen('crashed')).toMatchObject([{ generation: 1, reason: 'exit' }]);
  expect(seen('restarting')).toEqual([]);
  expect(manager.get('p')).toMatchObject({ state: 'running', generation: 2, crashes: 1 });
});

it('tells who emitted an event that it arrived, although the plugin ends right after it', async () => {
  const setup = `const save = async () => {}; ctx.on('x', () => { void (async () => { await save(); process.exit(0); })(); });`;
  const { manager } = await loadedBench({ 'p.ts': pluginSource('p', setup) }, OFF);
  expect(await manager.emit('x', 1)).toMatchObject({ topic: 'x' });
});

it('takes a file that is only away for a moment for replaced, also without a quiet time', async () => {
  const source = (value: number) => pluginSource('p', `return { value: () => ${value} };`);
  const { workspace, next, seen } = await loadedBench(
    { 'p.ts': source(1) },
    { hotReload: { debounceMs: 0 } },
  );
  const file = workspace.path('plugins/p.ts');
  const reloaded = next('reloaded');
  await rename(file, `${file}~`);
  await writeFile(workspace.path('p.ts'), source(2));
  await rename(workspace.path('p.ts'), file);
  await reloaded;
  expect(seen('unloaded')).toEqual([]);
});

it('keeps the old configuration when onConfig takes too long, whatever becomes of it later', async () => {
  const gates = new Map<string, () => void>();
  const wait = (value: string) =>
    value === 'quick' ? undefined : new Promise<void>((resolve) => void gates.set(value, resolve));
  const setup = `ctx.onConfig(async (value) => { await ctx.bot.wait(value); if (value === 'slow') throw new Error('late'); });
    return { value: () => ctx.config };`;
  const { manager, log } = await loadedBench(
    { 'p.ts': pluginSource('p', setup) },
    { ...OFF, bot: { wait }, config: { p: 'first' }, defaults: { startMs: 2_000 } },
  );
  const { value } = manager.plugin<{ value(): string }>('p');
  await expect(manager.configure('p', 'slow')).rejects.toMatchObject({ code: 'ERR_PLUGIN_CONFIG' });
  expect(await value()).toBe('first');
  await manager.configure('p', 'quick');
  gates.get('slow')?.();
  await until(async () => (await value()) === 'quick', 'the newer one');
  expect(log.filter(({ level }) => level === 'fatal')).toEqual([]);
});

it('names the schema when it takes too long over a new configuration, which is not taken later either', async () => {
  const gates = new Map<string, () => void>();
  const wait = (value: string) =>
    value === 'slow' ? new Promise<void>((resolve) => void gates.set(value, resolve)) : undefined;
  const told: string[] = [];
  const schema = `{ '~standard': { version: 1 as const, vendor: 'test', async validate(value: any): Promise<any> {
    await bot?.wait(value);
    told?.(value);
    return { value };
  } } }`;
  const setup = `bot = ctx.bot; told = (value) => void ctx.bot.told('schema ' + value);
    ctx.onConfig((value) => void ctx.bot.told('onConfig ' + value)); return { value: () => ctx.config };`;
  const { manager } = await loadedBench(
    {
      'p.ts': `let bot: any, told: ((value: string) => void) | undefined;
${pluginSource('p', setup, `config: ${schema},`)}`,
    },
    {
      ...OFF,
      bot: { wait, told: (text: string) => void told.push(text) },
      config: { p: 'first' },
      defaults: { startMs: 2_000 },
    },
  );
  await expect(manager.configure('p', 'slow')).rejects.toMatchObject({
    code: 'ERR_PLUGIN_CONFIG',
    message: expect.stringContaining('The schema of its configuration did not end within 2000 ms'),
  });
  gates.get('slow')?.();
  await until(() => told.length > 0, 'the end of the schema');
  const { value } = manager.plugin<{ value(): string }>('p');
  expect(await value()).toBe('first');
  await manager.configure('p', 'quick');
  expect(await value()).toBe('quick');
  expect(told).toEqual(['schema slow', 'schema quick', 'onConfig quick']);
});

it('refuses at once what a plugin asks for during a step that it would have to wait for', async () => {
  const { manager } = await bench(
    { 'p.ts': pluginSource('p', `ctx.onConfig(() => ctx.bot.reload());`) },
    { ...OFF, bot: { reload: () => manager.reload('p') }, defaults: { startMs: 600_000 } },
  );
  await manager.loadAll();
  await expect(manager.configure('p', 1)).rejects.toThrow(/asks for this during its own configure/);
  expect(manager.get('p')).toMatchObject({ state: 'running', generation: 1 });
});

it.each([
  ['disable', 'disabled'],
  ['unload', 'stopped'],
] as const)('ends a plugin whose setup, or onConfig, asks for it by %s', async (operation, state) => {
  const stop = () => manager[operation]('p');
  const { manager } = await loadedBench(
    {
      'p.ts': pluginSource(
        'p',
        `ctx.onConfig(() => ctx.bot.stop());
        if (ctx.config.stop) await ctx.bot.stop();`,
      ).replace('setup(', 'async setup('),
    },
    { ...OFF, bot: { stop }, config: { p: {} }, defaults: { startMs: 600_000 } },
  );
  await expect(manager.configure('p', { stop: true })).rejects.toMatchObject({ code: 'ERR_PLUGIN_STOPPED' });
  await until(() => manager.get('p')?.state === state, 'its end');
});

it('does nothing of what it refuses to a plugin that asks for it in its teardown', async () => {
  const outcomes: string[] = [];
  const attempt = async (operation: () => Promise<void>) => {
    await operation().catch(({ code }) => outcomes.push(code));
  };
  const { manager } = await bench(
    { 'p.ts': pluginSource('p', 'ctx.onTeardown(() => ctx.bot.stop());'), 'q.ts': pluginSource('q', '') },
    {
      ...OFF,
      bot: {
        stop: async () => {
          await attempt(() => manager.disable('p'));
          await attempt(() => manager.unloadAll());
        },
      },
      defaults: { teardownMs: 600_000 },
    },
  );
  await manager.loadAll();
  await manager.reload('p');
  expect(outcomes).toEqual(['ERR_CALL_CYCLE', 'ERR_CALL_CYCLE']);
  expect(manager.list().map(({ state }) => state)).toEqual(['running', 'running']);
  await manager.reload('q');
});

it('loads one that there was no room for when another failed to load', async () => {
  const { manager, next } = await bench(
    { 'a.ts': 'export default {', 'b.ts': pluginSource('b', '') },
    { ...OFF, maxPlugins: 1 },
  );
  const loaded = next('loaded');
  await manager.loadAll();
  expect(await loaded).toMatchObject({ name: 'b' });
});

it('loads one whose name was taken when that one comes back under another', async () => {
  const named = (name: string) => pluginSource(name, 'return { die: () => process.exit(1) };');
  const { manager, workspace, next } = await loadedBench(
    { 'a.ts': named('same') },
    { defaults: { restart: { maxCrashes: 1 } } },
  );
  await expect(manager.plugin<{ die(): void }>('same').die()).rejects.toThrow();
  await until(() => manager.get('same')?.state === 'quarantined', 'the quarantine');
  const refused = next('reload-failed');
  await workspace.write({ 'plugins/b.ts': named('same') });
  expect(await refused).toMatchObject({ error: { code: 'ERR_PLUGIN_NAME_TAKEN' } });
  const loaded = next('loaded', ({ name }) => name === 'same');
  await workspace.write({ 'plugins/a.ts': named('other') });
  await loaded;
});

it('leaves a plugin unloaded whose rollback is refused', async () => {
  const { manager, workspace, next } = await loadedBench({
    'p.ts': pluginSource('p', ''),
    'q.ts': pluginSource('q', ''),
  });
  await manager.unload('p');
  await expect(manager.rollback('p')).rejects.toMatchObject({ code: 'ERR_NO_ROLLBACK' });
  const reloaded = next('reloaded', ({ name }) => name === 'q');
  await workspace.write({
    'plugins/p.ts': pluginSource('p', 'void 1;'),
    'plugins/q.ts': pluginSource('q', 'void 1;'),
  });
  await reloaded;
  await until(() => manager.get('p')?.state !== 'preparing', 'its rest');
  expect(manager.get('p')?.state).toBe('stopped');
});

it('does not call a reload failed that an unload cuts short', async () => {
  const { open: entered, opened: inLoad } = gate();
  const { manager, workspace, seen } = await loadedBench({ 'p.ts': pluginSource('p', '') }, OFF);
  await writeFile(
    workspace.path('plugins/p.ts'),
    `console.log('loading'); await new Promise(() => {});\n${pluginSource('p', '')}`,
  );
  manager.on('log', () => entered());
  const reload = manager.reload('p');
  reload.catch(() => {});
  await inLoad;
  await manager.unload('p');
  await expect(reload).rejects.toMatchObject({ code: 'ERR_PLUGIN_STOPPED' });
  expect(seen('reload-failed')).toEqual([]);
  expect(manager.get('p')).toMatchObject({ state: 'stopped', lastError: undefined });
});

it('has served nothing as long as setup fails', async () => {
  const { manager, seen } = await loadedBench(
    { 'p.ts': pluginSource('p', `throw new Error('no');`) },
    { ...OFF, defaults: { restart: { initialDelayMs: 1 } } },
  );
  await until(() => seen('restarting').length > 1, 'some restarts');
  expect(manager.get('p')).toMatchObject({ generation: 0, startedAt: undefined });
});

it('does not call it a crash when a generation that is replaced dies of what it still tries', async () => {
  const { open: entered, opened: died } = gate();
  const eager = pluginSource('p', `setInterval(() => ctx.bot.nothing(), 1);`);
  const patient = pluginSource('p', 'return ctx.bot.wait();');
  const { manager, workspace, log, seen } = await loadedBench(
    { 'p.ts': eager },
    { ...OFF, bot: { nothing: () => {}, wait: () => died } },
  );
  await writeFile(workspace.path('plugins/p.ts'), patient);
  const reload = manager.reload('p');
  await until(
    () => log.some(({ text }) => text.includes('tried to use the host after its end')),
    'its death',
  );
  entered();
  await reload;
  expect(seen('crashed')).toEqual([]);
  expect(manager.get('p')).toMatchObject({ state: 'running', generation: 2, crashes: 0 });
});
