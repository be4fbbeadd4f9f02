import { expect, it } from 'vitest';
import { currentValue, valued } from '../reload/values.ts';
import { type Bench, bench, pluginSource } from '../support/workspace.ts';

interface Mortal {
  set(key: string, value: unknown): void;
  all(): unknown;
  die(): void;
}

/** Its state is `set` and read; `die` ends it. */
const mortal = (version: number) =>
  pluginSource(
    'v',
    `return {
      value: () => ${version},
      set: (key, value) => ctx.state.set(key, value),
      all: () => Object.fromEntries(ctx.state.entries()),
      die: () => process.exit(1),
    };`,
  );

async function save({ manager, workspace }: Bench, source: string): Promise<void> {
  await workspace.write({ 'plugins/v.ts': source });
  await manager.reload('v');
}

it('rolls back as often as there were versions accepted before, one further each time', async () => {
  const tools = await bench({ 'v.ts': valued('v', 1) }, { hotReload: false });
  const { manager } = tools;
  await manager.loadAll();
  await save(tools, valued('v', 2));
  await save(tools, valued('v', 3));
  await manager.rollback('v');
  expect(await currentValue(manager, 'v')).toBe(2);
  await manager.rollback('v');
  expect(await currentValue(manager, 'v')).toBe(1);
  await expect(manager.rollback('v')).rejects.toMatchObject({ code: 'ERR_NO_ROLLBACK' });
  expect(await currentValue(manager, 'v')).toBe(1);
  await manager.reload('v');
  expect(await currentValue(manager, 'v')).toBe(3);
  await manager.rollback('v');
  expect(await currentValue(manager, 'v')).toBe(1);
});

it.each([
  ['backoff', 'restarting', { initialDelayMs: 60_000 }],
  ['quarantined', 'quarantined', { maxCrashes: 1, retryMs: 0 }],
] as const)(
  'rolls back a version that crashed and is in %s, and keeps the state',
  async (state, status, restart) => {
    const tools = await bench({ 'v.ts': mortal(1) }, { hotReload: false, defaults: { restart } });
    const { manager, next } = tools;
    await manager.loadAll();
    await save(tools, mortal(2));
    const plugin = manager.plugin<Mortal>('v');
    await plugin.set('since', 2);
    const crashed = next(status);
    await expect(plugin.die()).rejects.toMatchObject({ code: 'ERR_PLUGIN_CRASHED' });
    await crashed;
    expect(manager.get('v')?.state).toBe(state);
    await manager.rollback('v');
    expect(manager.get('v')).toMatchObject({ state: 'running', generation: 3 });
    expect(await currentValue(manager, 'v')).toBe(1);
    expect(await plugin.all()).toEqual({ since: 2 });
  },
);

it('restarts what was rolled back to, not what was rolled back from, after a crash', async () => {
  const tools = await bench(
    { 'v.ts': mortal(1) },
    { hotReload: false, defaults: { restart: { initialDelayMs: 1 } } },
  );
  const { manager, next } = tools;
  await manager.loadAll();
  await save(tools, mortal(2));
  await manager.rollback('v');
  const restarted = next('loaded');
  await expect(manager.plugin<Mortal>('v').die()).rejects.toMatchObject({ code: 'ERR_PLUGIN_CRASHED' });
  expect(await restarted).toMatchObject({ generation: 4 });
  expect(await currentValue(manager, 'v')).toBe(1);
});

it.each([
  ['a reload', ''],
  ['onConfig', 'ctx.onConfig(() => {});'],
])('stays with what was rolled back to when it takes a configuration by %s', async (_how, setup) => {
  const configured = (version: number) =>
    pluginSource('v', `${setup} return { value: () => [${version}, ctx.config] };`);
  const tools = await bench({ 'v.ts': configured(1) }, { hotReload: false });
  const { manager } = tools;
  await manager.loadAll();
  await save(tools, configured(2));
  await manager.rollback('v');
  await manager.configure('v', { sides: 4 });
  await manager.configure('v', { sides: 6 });
  expect(await currentValue(manager, 'v')).toEqual([1, { sides: 6 }]);
  await manager.reload('v');
  await manager.configure('v', { sides: 8 });
  expect(await currentValue(manager, 'v')).toEqual([2, { sides: 8 }]);
});

it.each([
  ['disable', 'enable'],
  ['unload', 'load'],
] as const)(
  'starts what was rolled back to after %s and %s, and a new version once there is one',
  async (end, start) => {
    const tools = await bench({ 'v.ts': valued('v', 1) }, { hotReload: false });
    const { manager, workspace } = tools;
    await manager.loadAll();
    await save(tools, valued('v', 2));
    await manager.rollback('v');
    await manager[end]('v');
    await workspace.write({ 'plugins/v.ts': valued('v', 2) });
    await manager[start]('v');
    expect(await currentValue(manager, 'v')).toBe(1);
    await manager[end]('v');
    await workspace.write({ 'plugins/v.ts': valued('v', 3) });
    await manager[start]('v');
    expect(await currentValue(manager, 'v')).toBe(3);
    await manager.rollback('v');
    expect(await currentValue(manager, 'v')).toBe(1);
  },
);

it('starts what was rolled back to with a configuration that comes while it does not run', async () => {
  const options = { hotReload: false, defaults: { restart: { initialDelayMs: 60_000 } } };
  const tools = await bench({ 'v.ts': mortal(1) }, options);
  const { manager, next } = tools;
  await manager.loadAll();
  await save(tools, mortal(2));
  await manager.rollback('v');
  const crashed = next('restarting');
  await expect(manager.plugin<Mortal>('v').die()).rejects.toMatchObject({ code: 'ERR_PLUGIN_CRASHED' });
  await crashed;
  await manager.configure('v', 1);
  expect(await currentValue(manager, 'v')).toBe(1);
});

it('starts what was rolled back to when another plugin makes room for it', async () => {
  const tools = await bench(
    { 'v.ts': valued('v', 1), 'w.ts': valued('w', 1), 'x.ts': valued('x', 1) },
    { hotReload: false, maxPlugins: 2 },
  );
  const { manager, next } = tools;
  await manager.load('v');
  await manager.load('w');
  await save(tools, valued('v', 2));
  await manager.rollback('v');
  await manager.disable('v');
  await manager.load('x');
  await expect(manager.enable('v')).rejects.toMatchObject({ code: 'ERR_MAX_PLUGINS' });
  const started = next('loaded');
  await manager.unload('x');
  expect(await started).toMatchObject({ name: 'v' });
  expect(await currentValue(manager, 'v')).toBe(1);
});
