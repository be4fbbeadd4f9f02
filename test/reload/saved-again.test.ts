import { renameSync, writeFileSync } from 'node:fs';
import { utimes, writeFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { letAloneMs } from '#internal/reload/attempt';
import { type Bench, bench, pluginSource, until } from '../support/workspace.ts';
import { currentValue } from './values.ts';

const NEVER = `console.log('hangs'); await new Promise(() => {});`;
const PATIENT = { defaults: { startMs: 600_000, callTimeoutMs: 600_000 } };

/** Tells when it is set up, which version it is, what events it got, and which version its state is of. */
const version = (number: number, before = '', fields = '') =>
  pluginSource(
    'p',
    `console.log('setup of ${number}'); const past = ctx.state.get('version') as unknown;
    ctx.state.set('version', ${number}); ${before} const got: unknown[] = [];
    ctx.on('x', (payload) => void got.push(payload));
    return { value: () => ${number}, got: () => got, past: () => past };`,
    fields,
  ).replace('setup(', 'async setup(');

const HANGING: [what: string, source: string, stage: string][] = [
  ['its setup', version(2, NEVER), 'setup'],
  ['a loop in its setup', version(2, `console.log('hangs'); await ctx.bot.nothing(); for (;;);`), 'setup'],
  ['its setup, with overlap,', version(2, NEVER, `swap: 'overlap',`), 'setup'],
  ['its module', `${NEVER}\n${version(2)}`, 'load'],
  [
    'its schema',
    version(
      2,
      '',
      `config: { '~standard': { version: 1 as const, vendor: 'test', async validate(): Promise<never> { ${NEVER} throw 0; } } },`,
    ),
    'config',
  ],
  [
    'its migrate',
    version(2, '', `state: { version: 2, async migrate() { ${NEVER} return {}; } },`),
    'migrate',
  ],
];

const hung = ({ seen }: Bench) => until(() => seen('log').some(({ text }) => text === 'hangs'), 'the hang');
const setups = ({ seen }: Bench) =>
  seen('log').flatMap(({ text }) => (text.startsWith('setup of') ? [text] : []));

it.each(HANGING)(
  'goes straight to what is saved next when %s of a save hangs, and loses nothing',
  async (_what, hanging, stage) => {
    const plugin = await bench({ 'p.ts': version(1) }, { ...PATIENT, bot: { nothing: () => {} } });
    const { manager, workspace, next, seen } = plugin;
    await manager.loadAll();
    const file = workspace.path('plugins/p.ts');
    await writeFile(file, hanging);
    await hung(plugin);
    const isPaused = manager.get('p')?.state === 'reloading';
    const call = currentValue(manager, 'p');
    void manager.emit('x', 'sent during the hang');
    const reloaded = next('reloaded');
    await writeFile(file, version(3));
    expect(await reloaded).toMatchObject({ name: 'p', pauseMs: expect.any(Number) });
    expect(await call).toBe(isPaused ? 3 : 1);
    expect(await currentValue(manager, 'p')).toBe(3);
    const served = manager.plugin<{ got(): unknown; past(): unknown }>('p');
    if (isPaused) expect(await served.got()).toEqual(['sent during the hang']);
    expect(await served.past()).toBe(1);
    expect(seen('reload-failed')).toMatchObject([
      { name: 'p', stage, generation: isPaused ? undefined : 1, error: { code: 'ERR_PLUGIN_SUPERSEDED' } },
    ]);
    expect(seen('reload-failed')[0]?.error.message).toBe(
      `${file}: Plugin 'p' was still in its ${stage} when its files changed again; it is given up for what they are now`,
    );
    expect(setups(plugin).filter((text) => text !== 'setup of 2')).toEqual(['setup of 1', 'setup of 3']);
    expect(manager.get('p')).toMatchObject({ state: 'running', reloads: 1 });
    expect(seen('dead-letter')).toEqual([]);
  },
);

it('loads what is saved next when the setup of a first load hangs', async () => {
  const plugin = await bench({ 'p.ts': version(1, NEVER) }, PATIENT);
  const loading = plugin.manager.loadAll();
  await hung(plugin);
  expect(plugin.manager.get('p')?.state).toBe('starting');
  const call = currentValue(plugin.manager, 'p');
  await plugin.workspace.write({ 'plugins/p.ts': version(2) });
  expect(await loading).toEqual({ loaded: ['p'], failed: [], waiting: [] });
  expect(await call).toBe(2);
});

it('waits for the next save when a first load hangs and what is saved then is broken', async () => {
  const plugin = await bench({ 'p.ts': version(1, NEVER) }, PATIENT);
  const { manager, workspace, next, seen } = plugin;
  const loading = manager.loadAll();
  await hung(plugin);
  await workspace.write({ 'plugins/p.ts': 'export default {' });
  expect(await loading).toMatchObject({ failed: [{ name: 'p', error: { code: 'ERR_PLUGIN_BUILD' } }] });
  expect(manager.get('p')?.state).toBe('failed');
  const loaded = next('loaded');
  await workspace.write({ 'plugins/p.ts': version(2) });
  await loaded;
  expect(seen('restarting')).toEqual([]);
});

it('brings the version back that served when what is saved after one that hangs is broken', async () => {
  const plugin = await bench({ 'p.ts': version(1) }, PATIENT);
  const { manager, workspace, next, seen } = plugin;
  await manager.loadAll();
  await workspace.write({ 'plugins/p.ts': version(2, NEVER) });
  await hung(plugin);
  const call = currentValue(manager, 'p');
  const failed = next('reload-failed', ({ stage }) => stage === 'build');
  await workspace.write({ 'plugins/p.ts': 'export default {' });
  const { generation } = await failed;
  expect(manager.get('p')).toMatchObject({ state: 'running', generation });
  expect(await call).toBe(1);
  const reloaded = next('reloaded');
  await workspace.write({ 'plugins/p.ts': version(3) });
  await reloaded;
  expect(await currentValue(manager, 'p')).toBe(3);
  expect(seen('restarting')).toEqual([]);
});

it('takes a save instead of a restart whose setup hangs', async () => {
  const source = `if (ctx.generation > 1) { ${NEVER} } return { die: () => process.exit(1) };`;
  const plugin = await bench(
    { 'p.ts': pluginSource('p', source).replace('setup(', 'async setup(') },
    { defaults: { ...PATIENT.defaults, restart: { initialDelayMs: 1 } } },
  );
  const { manager, workspace } = plugin;
  await manager.loadAll();
  await expect(manager.plugin<{ die(): void }>('p').die()).rejects.toMatchObject({
    code: 'ERR_PLUGIN_CRASHED',
  });
  await hung(plugin);
  const call = currentValue(manager, 'p');
  await workspace.write({ 'plugins/p.ts': version(2) });
  expect(await call).toBe(2);
});

it('gives a start up that hangs when the reload is asked for of what its file is by now', async () => {
  const plugin = await bench({ 'p.ts': version(1) }, { ...PATIENT, hotReload: false });
  const { manager, workspace } = plugin;
  await manager.loadAll();
  await workspace.write({ 'plugins/p.ts': version(2, NEVER) });
  const first = manager.reload('p');
  await hung(plugin);
  await workspace.write({ 'plugins/p.ts': version(3) });
  await Promise.all([first, manager.reload('p')]);
  expect(await currentValue(manager, 'p')).toBe(3);
});

it('lets a slow start go on whose file is only touched', async () => {
  const slow = version(
    2,
    `console.log('hangs'); await new Promise((resolve) => setTimeout(resolve, 2_500));`,
  );
  const plugin = await bench({ 'p.ts': version(1) }, PATIENT);
  const { manager, workspace, next, seen } = plugin;
  await manager.loadAll();
  const reloaded = next('reloaded');
  const unchanged = next('unchanged');
  await workspace.write({ 'plugins/p.ts': slow });
  await hung(plugin);
  await utimes(workspace.path('plugins/p.ts'), new Date(), new Date());
  await unchanged;
  expect(await reloaded).toMatchObject({ generation: 2 });
  expect(seen('reload-failed')).toEqual([]);
});

it('counts no crash of the version before that whose restart hangs', async () => {
  const mortal = (number: number, before = '') =>
    version(number, `${before} ctx.on('die', () => process.exit(1));`);
  const plugin = await bench(
    { 'p.ts': mortal(1, `if (ctx.generation > 1) { ${NEVER} }`) },
    { defaults: { ...PATIENT.defaults, restart: { initialDelayMs: 1, maxCrashes: 2 } } },
  );
  const { manager, workspace, next, seen } = plugin;
  await manager.loadAll();
  await manager.emit('die');
  await hung(plugin);
  await workspace.write({ 'plugins/p.ts': mortal(2) });
  await until(async () => (await currentValue(manager, 'p')) === 2, 'the save');
  const back = next('loaded');
  await manager.emit('die');
  await back;
  expect(seen('quarantined')).toEqual([]);
});

it('gives up only what it gives up itself, whatever code the error of a plugin has', async () => {
  const source = version(1, `throw Object.assign(new Error('mine'), { code: 'ERR_PLUGIN_SUPERSEDED' });`);
  const { failed } = await (await bench({ 'p.ts': source })).manager.loadAll();
  expect(failed).toMatchObject([{ error: { message: expect.stringContaining('mine') } }]);
});

it('lets a slow start come to its end although its file is saved all the time', async () => {
  const slow = (number: number) =>
    version(number, `await new Promise((resolve) => setTimeout(resolve, 2_500));`);
  const plugin = await bench({ 'p.ts': version(1) }, PATIENT);
  const { manager, workspace, next, seen } = plugin;
  await manager.loadAll();
  const reloaded = next('reloaded');
  let saves = 1;
  const saving = setInterval(() => {
    writeFileSync(workspace.path('p.ts'), slow(++saves));
    renameSync(workspace.path('p.ts'), workspace.path('plugins/p.ts'));
  }, 200);
  await reloaded.finally(() => clearInterval(saving));
  expect(seen('reload-failed').length).toBeGreaterThan(0);
  await until(async () => (await currentValue(manager, 'p')) === saves, 'the last save');
});

it('lets each start alone for twice as long as the one before that was given up', () => {
  expect([0, 1, 2, 3, 4].map(letAloneMs)).toEqual([1_000, 2_000, 4_000, 8_000, 16_000]);
});
