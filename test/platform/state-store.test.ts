import { type HotReloadOptions, memoryStateStore, type StateStore } from 'bulkhead';
import { expect, it, vi } from 'vitest';
import { gate } from '../support/gate.ts';
import { retryAtOnce } from '../support/retry-at-once.ts';
import { bench, loadedBench, pluginSource, until } from '../support/workspace.ts';

const SOURCE = pluginSource(
  'keeper',
  `return { set: (value: unknown) => { ctx.state.set('k', value); }, get: () => ctx.state.get('k') };`,
);

/** A bench with a store of which these functions are others. */
async function failing(functions: Partial<StateStore>, hotReload: false | HotReloadOptions = false) {
  const stateStore = { ...memoryStateStore(), ...functions };
  const made = await bench({ 'keeper.ts': SOURCE }, { hotReload, stateStore });
  const keeper = made.manager.plugin<{ set(value: unknown): void; get(): unknown }>('keeper');
  return { ...made, keeper };
}

function fail(): never {
  throw new Error('no space left');
}

it.each([
  ['throws', fail],
  ['rejects', async () => fail()],
])('goes on in memory when a write %s, and says so', async (_how, write) => {
  const { manager, keeper, log } = await failing({ write });
  await manager.loadAll();
  await keeper.set(1);
  await keeper.set(2);
  await manager.reload('keeper');
  expect(await keeper.get()).toBe(2);
  expect(manager.get('keeper')).toMatchObject({ crashes: 0 });
  expect(log.filter(({ level }) => level === 'error').map(({ text }) => text)).toEqual([
    "The state store could not write 'k' of 'keeper': no space left",
  ]);
});

it('says whose fault it is when a state cannot be read, and tries again', async () => {
  const load = vi.fn(memoryStateStore().load).mockImplementationOnce(async () => fail());
  const { manager, keeper } = await failing({ load });
  const { failed } = await manager.loadAll();
  expect(failed).toMatchObject([
    {
      error: {
        code: 'ERR_STATE_STORE',
        message: "The state store could not load the state of 'keeper': no space left",
      },
    },
  ]);
  await manager.load('keeper');
  expect(await keeper.get()).toBeUndefined();
});

it('starts a plugin by itself when its state can be read again', async () => {
  retryAtOnce();
  const load = vi.fn(memoryStateStore().load).mockImplementationOnce(async () => fail());
  const { manager, keeper, next } = await failing({ load }, { debounceMs: 5, sweepMs: 0 });
  const loaded = next('loaded');
  const { failed } = await manager.loadAll();
  expect(failed).toMatchObject([{ name: 'keeper', error: { code: 'ERR_STATE_STORE' } }]);
  await loaded;
  expect(await keeper.get()).toBeUndefined();
});

it.each([
  ['null', null],
  ['entries that are no list', { version: 1, entries: { k: 'kept' } }],
  ['an entry without a key', { version: 1, entries: [['k', 'kept'], 5] }],
  ['a version that is none', { version: '1', entries: [] }],
])('does not put an empty state in the place of one that the store gives as %s', async (_what, damaged) => {
  const load = vi.fn(async (): Promise<never> => damaged as never);
  const { manager } = await failing({ load });
  for (let tries = 0; tries < 2; tries++)
    await expect(manager.load('keeper')).rejects.toMatchObject({
      code: 'ERR_STATE_STORE',
      message: expect.stringContaining('expected { version, entries }'),
    });
  expect(load).toHaveBeenCalledTimes(2);
});

it('refuses what is no list of disabled plugins', async () => {
  const { manager } = await failing({ loadDisabled: async () => 'keeper' as never });
  await expect(manager.loadAll()).rejects.toMatchObject({
    code: 'ERR_STATE_STORE',
    message: expect.stringContaining("expected a list of ids, got 'keeper'"),
  });
});

it('does not wait for a state that never comes when all is to be unloaded', async () => {
  const { manager } = await failing({ load: () => new Promise(() => {}) });
  const loading = manager.loadAll();
  await until(() => manager.get('keeper')?.state === 'preparing', 'the start');
  await manager.unloadAll({ timeoutMs: 100 });
  expect((await loading).failed).toMatchObject([{ error: { code: 'ERR_STATE_STORE' } }]);
});

it.each([
  ['fails to flush', async () => fail(), /^The state store could not flush: no space left$/],
  [
    'never ends to flush',
    () => new Promise<never>(() => {}),
    // A second, of which a millisecond may have passed before the wait began.
    /^The state store did not flush within (99\d|\d{4,}) ms$/,
  ],
])('unloads everything when the store %s, and says so', async (_what, flush, text) => {
  // Only once: when the test is over, everything is unloaded again.
  const { manager, log } = await failing({ flush: vi.fn(async () => {}).mockImplementationOnce(flush) });
  await manager.loadAll();
  await manager.unloadAll({ timeoutMs: 100 });
  expect(log.map((line) => line.text)).toContainEqual(expect.stringMatching(text));
});

it('lets a later call of unloadAll end the wait for a store that never ends to flush', async () => {
  const never = () => new Promise<never>(() => {});
  const flush = vi.fn(async () => {}).mockImplementationOnce(never);
  const { manager } = await failing({ flush });
  await manager.loadAll();
  const unloading = manager.unloadAll();
  await until(() => flush.mock.calls.length > 0, 'the flush');
  await manager.unloadAll({ timeoutMs: 50 });
  await unloading;
});

it('does not wait for a store that never says what is disabled', async () => {
  const loadDisabled = vi.fn(() => new Promise<never>(() => {}));
  const { manager } = await failing({ loadDisabled });
  const loading = manager.loadAll();
  loading.catch(() => {});
  await until(() => loadDisabled.mock.calls.length > 0, 'the question');
  await manager.unloadAll({ timeoutMs: 50 });
  await expect(loading).rejects.toMatchObject({ code: 'ERR_STATE_STORE' });
});

it('does not put an answer that comes too late in the place of what was written since', async () => {
  const old = { version: 1, entries: [['k', 'old'] as [string, unknown]] };
  const { open: answer, opened: late } = gate<typeof old>();
  const load = vi.fn(async () => undefined as typeof old | undefined).mockImplementationOnce(() => late);
  const stateStore = { ...memoryStateStore(), load };
  const { manager } = await bench(
    { 'keeper.ts': SOURCE },
    { hotReload: false, stateStore, plugins: { keeper: { startMs: 5_000 } } },
  );
  const keeper = manager.plugin<{ set(value: unknown): void; get(): unknown }>('keeper');
  expect((await manager.loadAll()).failed).toMatchObject([{ error: { code: 'ERR_STATE_STORE' } }]);
  await manager.load('keeper');
  await keeper.set('new');
  answer(old);
  await manager.reload('keeper');
  expect(await keeper.get()).toBe('new');
});

it('does not wait for ever to clear a state that it cannot read', async () => {
  const stateStore = { ...memoryStateStore(), load: () => new Promise<never>(() => {}) };
  const options = { hotReload: false, stateStore, plugins: { keeper: { startMs: 50 } } };
  const { manager } = await loadedBench({ 'keeper.ts': SOURCE }, options);
  await expect(manager.clearState('keeper')).rejects.toMatchObject({ code: 'ERR_STATE_STORE' });
});

it('gives a plugin only what is its own of the memory that a store has read', async () => {
  const bytes = Buffer.from('own');
  expect(bytes.buffer.byteLength).toBeGreaterThan(3);
  const stateStore = {
    ...memoryStateStore(),
    load: async () => ({ version: 1, entries: [['bytes', bytes]] as [string, unknown][] }),
  };
  const migrating = pluginSource(
    'keeper',
    `return { size: () => ctx.state.get('size') };`,
    'state: { version: 2, migrate: (old) => ({ size: (old.bytes as Uint8Array).buffer.byteLength }) },',
  );
  const { manager } = await loadedBench({ 'keeper.ts': migrating }, { hotReload: false, stateStore });
  expect(await manager.plugin<{ size(): number }>('keeper').size()).toBe(3);
});
