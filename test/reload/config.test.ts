import { rm, writeFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { bench, loadedBench, pluginSource } from '../support/workspace.ts';
import { currentValue } from './values.ts';

/** A plugin whose value is its configuration; `sides` has to be a number up to `max`, and is 6 if it is not given. */
function configured(setup = '', max = 100): string {
  const schema = `{ '~standard': { version: 1 as const, vendor: 'test', validate: (value: unknown) => {
    const { sides = 6 } = value as { sides?: unknown };
    if (typeof sides === 'number' && sides <= ${max}) return { value: { sides } };
    return { issues: [{ message: 'expected a number up to ${max}', path: ['sides'] }] };
  } } }`;
  return pluginSource('dice', `${setup} return { value: () => ctx.config };`, `config: ${schema},`);
}

const onConfig = `ctx.onConfig(({ sides }) => { if (sides === 13) throw new Error('unlucky'); ctx.state.set('seen', sides); });`;

it('gives a changed configuration to onConfig, without a reload', async () => {
  const { manager, seen } = await loadedBench(
    { 'dice.ts': configured(onConfig) },
    { config: { dice: { sides: 8 } } },
  );
  expect(await currentValue(manager, 'dice')).toEqual({ sides: 8 });
  await manager.configure('dice', { sides: 20 });
  expect(await currentValue(manager, 'dice')).toEqual({ sides: 20 });
  expect(manager.get('dice')).toMatchObject({ generation: 1, reloads: 0 });
  expect(seen('reloaded')).toEqual([]);
});

it('reloads for a changed configuration when there is no onConfig', async () => {
  const { manager, seen } = await loadedBench({ 'dice.ts': configured() });
  expect(await currentValue(manager, 'dice')).toEqual({ sides: 6 });
  await manager.configure('dice', { sides: 20 });
  expect(await currentValue(manager, 'dice')).toEqual({ sides: 20 });
  expect(seen('reloaded')).toMatchObject([{ name: 'dice', generation: 2 }]);
});

it('takes only a configuration that is undefined for an empty one', async () => {
  const plain = pluginSource('dice', 'return { value: () => ctx.config };');
  const { manager } = await loadedBench(
    { 'dice.ts': plain, 'picky.ts': configured().replace(`'dice'`, `'picky'`) },
    { hotReload: false, config: { dice: null } },
  );
  expect(await currentValue(manager, 'dice')).toBe(null);
  for (const value of [undefined, 0, '', null]) {
    await manager.configure('dice', value);
    expect(await currentValue(manager, 'dice')).toEqual(value === undefined ? {} : value);
  }
  await expect(manager.configure('picky', null)).rejects.toMatchObject({ code: 'ERR_PLUGIN_CONFIG' });
  await manager.configure('picky', undefined);
  expect(await currentValue(manager, 'picky')).toEqual({ sides: 6 });
});

it('does not give a failure from before as the reason why a plugin does not run', async () => {
  const { manager } = await loadedBench({ 'dice.ts': configured() });
  const before = Date.now();
  await expect(manager.configure('dice', { sides: 'many' })).rejects.toThrow('does not fit');
  expect(manager.get('dice')?.lastErrorAt?.getTime()).toBeGreaterThanOrEqual(before);
  await manager.disable('dice');
  const error = await currentValue(manager, 'dice').catch((thrown: Error) => thrown);
  expect(error).toMatchObject({ message: `Plugin 'dice' does not run at the moment, it is 'disabled'` });
  expect(error).not.toHaveProperty('cause');
});

it.each([
  [
    'the schema',
    configured(),
    { sides: 'many' },
    /^Plugin 'dice' could not take its configuration \(config\.dice\)\. .*dice\.ts: The configuration does not fit: sides: expected a number up to 100/,
  ],
  [
    'the schema, with an onConfig',
    configured(onConfig),
    { sides: 101 },
    /sides: expected a number up to 100/,
  ],
  ['onConfig', configured(onConfig), { sides: 13 }, /unlucky/],
])(
  'keeps the old configuration and generation when a value is refused by %s',
  async (_by, source, value, says) => {
    const { manager, seen } = await loadedBench({ 'dice.ts': source }, { config: { dice: { sides: 8 } } });
    await expect(manager.configure('dice', value)).rejects.toMatchObject({
      code: 'ERR_PLUGIN_CONFIG',
      message: expect.stringMatching(says),
    });
    expect(seen('reload-failed')).toMatchObject([{ name: 'dice', stage: 'config', generation: 1 }]);
    expect(manager.get('dice')).toMatchObject({ generation: 1, state: 'running' });
    expect(await currentValue(manager, 'dice')).toEqual({ sides: 8 });
    // The refused value is forgotten, not kept for the next reload.
    await manager.reload('dice');
    expect(await currentValue(manager, 'dice')).toEqual({ sides: 8 });
  },
);

it.each([
  [
    'throws',
    `throw new TypeError('no schema today');`,
    /The schema of its configuration threw TypeError: no schema today\n {2}at .*dice\.ts:4:11\n[\s\S]*^> 4 \|/m,
  ],
  [
    'rejects',
    `\nreturn Promise.reject('not an error');`,
    /The schema of its configuration threw 'not an error'$/,
  ],
  [
    'does not end',
    'return new Promise(() => {});',
    /The schema of its configuration did not end within 1000 ms\. Does it wait/,
  ],
  [
    'returns neither value nor issues',
    'return 5;',
    /The schema of its configuration returned 5; expected \{ value \} or \{ issues \}$/,
  ],
])('says so when the schema of a configuration %s', async (_what, body, says) => {
  const schema = `{ '~standard': { version: 1 as const, vendor: 'test', validate(): any {\n    ${body}\n} } }`;
  const { seen } = await loadedBench(
    { 'dice.ts': pluginSource('dice', '', `config: ${schema},`) },
    { hotReload: false, defaults: { startMs: 1_000 } },
  );
  const [failed] = seen('reload-failed');
  expect(failed).toMatchObject({ name: 'dice', stage: 'config', error: { code: 'ERR_PLUGIN_CONFIG' } });
  expect(failed?.error.message).toMatch(
    /^Plugin 'dice' could not take its configuration \(config\.dice\)\. .*dice\.ts: /,
  );
  expect(failed?.error.message).toMatch(says);
});

it('keeps the old version when the new one refuses the configuration', async () => {
  const { manager, workspace, next } = await loadedBench(
    { 'dice.ts': configured() },
    { config: { dice: { sides: 20 } } },
  );
  const failed = next('reload-failed');
  await writeFile(workspace.path('plugins/dice.ts'), configured('', 10));
  const { stage, generation, error } = await failed;
  expect({ stage, generation }).toEqual({ stage: 'config', generation: 1 });
  expect(error).toMatchObject({ code: 'ERR_PLUGIN_CONFIG' });
  expect(error.message).toContain('sides: expected a number up to 10');
  expect(await currentValue(manager, 'dice')).toEqual({ sides: 20 });
});

it('loads a plugin whose configuration did not fit once it is given one that does', async () => {
  const { manager, seen } = await bench({ 'dice.ts': configured() }, { config: { dice: { sides: true } } });
  const { failed } = await manager.loadAll();
  expect(failed).toMatchObject([{ name: 'dice', error: { code: 'ERR_PLUGIN_CONFIG' } }]);
  expect(seen('reload-failed')).toMatchObject([{ stage: 'config', generation: undefined }]);
  expect(manager.get('dice')).toMatchObject({ state: 'failed' });
  await expect(manager.configure('dice', { sides: null })).rejects.toMatchObject({
    code: 'ERR_PLUGIN_CONFIG',
  });
  await manager.configure('dice', { sides: 4 });
  expect(await currentValue(manager, 'dice')).toEqual({ sides: 4 });
});

it('keeps a configuration through a reload of the file, and while the plugin is disabled or gone', async () => {
  const { manager, workspace, next } = await loadedBench({ 'dice.ts': configured() });
  await manager.configure('dice', { sides: 10 });
  const reloaded = next('reloaded');
  await writeFile(workspace.path('plugins/dice.ts'), configured('/* saved */'));
  await reloaded;
  expect(await currentValue(manager, 'dice')).toEqual({ sides: 10 });
  await manager.disable('dice');
  await manager.configure('dice', { sides: 12 });
  expect(manager.get('dice')).toMatchObject({ state: 'disabled' });
  await manager.enable('dice');
  expect(await currentValue(manager, 'dice')).toEqual({ sides: 12 });
  const unloaded = next('unloaded');
  await rm(workspace.path('plugins/dice.ts'));
  await unloaded;
  const loaded = next('loaded');
  await workspace.write({ 'plugins/dice.ts': configured() });
  await loaded;
  expect(await currentValue(manager, 'dice')).toEqual({ sides: 12 });
});

it('keeps the configuration of a plugin that is not there yet until it comes', async () => {
  const { manager, workspace, next } = await loadedBench({});
  const kept = manager.configure('dice', { sides: 20 });
  await expect(kept).rejects.toMatchObject({ code: 'ERR_PLUGIN_NOT_FOUND' });
  const loaded = next('loaded');
  await workspace.write({ 'plugins/dice.ts': configured() });
  await loaded;
  expect(await currentValue(manager, 'dice')).toEqual({ sides: 20 });
});

it('keeps no configuration under the id of a plugin that goes by another name', async () => {
  const { manager } = await loadedBench({ 'file.ts': configured() }, { config: { file: { sides: 4 } } });
  await expect(manager.configure('file', { sides: 20 })).rejects.toThrow("is called 'dice'");
  await manager.unloadAll();
  await manager.loadAll();
  expect(await currentValue(manager, 'dice')).toEqual({ sides: 4 });
});
