import { writeFile } from 'node:fs/promises';
import type { PluginManagerOptions } from 'bulkhead';
import { expect, it } from 'vitest';
import { type Bench, bench, loadedBench, pluginSource, until } from '../support/workspace.ts';
import { currentValue, valued } from './values.ts';

/** A plugin of two files: what it does wrong stands in the second line of the helper. */
const helper = (statement: string) =>
  `export async function misbehave(): Promise<void> {\n  ${statement}\n}\n`;
const importing = (source: string) => `import { misbehave } from './_helper.ts';\n${source}`;
const never = 'await new Promise(() => {});';

async function saveOver(
  old: string,
  source: string,
  statement: string,
  options: Partial<PluginManagerOptions> = {},
): Promise<Bench> {
  const plugin = await bench(
    { 'dice.ts': old, '_helper.ts': helper(statement), 'other.ts': valued('other', 'serves') },
    options,
  );
  await plugin.manager.loadAll();
  await writeFile(plugin.workspace.path('plugins/dice.ts'), importing(source));
  return plugin;
}

const failing: [
  what: string,
  source: string,
  statement: string,
  code: string,
  stage: string,
  says: RegExp,
][] = [
  [
    'setup throws',
    valued('dice', 2, 'await misbehave();').replace('setup(', 'async setup('),
    `throw new RangeError('no dice');`,
    'ERR_PLUGIN_SETUP',
    'setup',
    /threw in setup\(\): RangeError: no dice\n {2}at .*_helper\.ts:2:9[\s\S]*> 2 \| {3}throw new/,
  ],
  [
    'setup never ends',
    valued('dice', 2, 'await misbehave();').replace('setup(', 'async setup('),
    never,
    'ERR_PLUGIN_SETUP_TIMEOUT',
    'setup',
    /dice\.ts: .*did not finish setup within 3000 ms\. Does setup\(\) wait for something/,
  ],
  [
    'setup starts what throws later, uncaught',
    valued('dice', 2, 'await misbehave();').replace('setup(', 'async setup('),
    `setTimeout(() => { throw new RangeError('no dice'); }); ${never}`,
    'ERR_PLUGIN_SETUP',
    'setup',
    /did not survive its setup: .*RangeError: no dice\n {2}at .*_helper\.ts:2:28[\s\S]*> 2 \| {3}setTimeout/,
  ],
  [
    'setup throws what is no error',
    valued('dice', 2, 'await misbehave();').replace('setup(', 'async setup('),
    `throw null;`,
    'ERR_PLUGIN_SETUP',
    'setup',
    /dice\.ts: .*threw in setup\(\): null/,
  ],
  [
    'it never ends to load',
    `await misbehave();\n${valued('dice', 2)}`,
    never,
    'ERR_PLUGIN_LOAD',
    'load',
    /was not loaded within 3000 ms\. Is there a top-level await/,
  ],
  [
    'it throws when it is loaded',
    `await misbehave();\n${valued('dice', 2)}`,
    `throw new Error('at import');`,
    'ERR_PLUGIN_LOAD',
    'load',
    /Error: at import\n {2}at .*_helper\.ts:2:9/,
  ],
  [
    'it exits when it is loaded',
    `await misbehave();\n${valued('dice', 2)}`,
    'process.exit(3);',
    'ERR_PLUGIN_LOAD',
    'load',
    /dice\.ts: .*process\.exit\(3\)/,
  ],
];

it.each(failing)(
  'lets the old version serve when %s',
  async (_what, source, statement, code, stage, says) => {
    const { manager, seen, next } = await saveOver(valued('dice', 1), source, statement, {
      defaults: { startMs: 3_000 },
    });
    const event = seen('reload-failed')[0] ?? (await next('reload-failed'));
    expect(event).toMatchObject({ name: 'dice', stage, error: { code } });
    expect(event.error.message).toMatch(says);
    await until(() => manager.get('dice')?.state === 'running', 'the old version');
    expect(await currentValue(manager, 'dice')).toBe(1);
    expect(await currentValue(manager, 'other')).toBe('serves');
    expect(manager.get('dice')?.crashes).toBe(0);
  },
);

it.each(failing)(
  'loads the others when, from the start, %s',
  async (_what, source, statement, code, _stage, says) => {
    const { manager } = await bench(
      {
        'dice.ts': importing(source),
        '_helper.ts': helper(statement),
        'other.ts': valued('other', 'serves'),
      },
      { defaults: { startMs: 3_000 } },
    );
    const { loaded, failed } = await manager.loadAll();
    expect(loaded).toEqual(['other']);
    expect(failed).toMatchObject([{ name: 'dice', error: { code } }]);
    expect(failed[0]?.error.message).toMatch(says);
    expect(await currentValue(manager, 'other')).toBe('serves');
  },
);

const stored = pluginSource(
  'dice',
  `ctx.state.set('n', 1); return { value: () => ctx.state.get('n') };`,
  'state: { version: 1 },',
);
const migrating = (migrate: string) =>
  pluginSource('dice', `return { value: () => ctx.state.get('n') };`, `state: { version: 2, ${migrate} },`);

it.each([
  [
    'throws',
    migrating('migrate: async (old) => { await misbehave(); return old; }'),
    /threw while it migrated its state: Error: cannot migrate\n {2}at .*_helper\.ts:2:9/,
  ],
  ['is missing', migrating(''), /has version 1 and the plugin wants 2, but it has no state\.migrate/],
  [
    'returns nothing',
    migrating('migrate: () => undefined as never'),
    /state\.migrate returned undefined; expected an object/,
  ],
  [
    'returns what cannot be kept',
    migrating('migrate: () => ({ user: { socket: () => 1 } })'),
    /what state\.migrate returned: \.user\.socket cannot be sent to another thread/,
  ],
])('lets the old version serve, with its state, when migrate %s', async (_what, source, says) => {
  const { manager, seen, next } = await saveOver(stored, source, `throw new Error('cannot migrate');`);
  const event = seen('reload-failed')[0] ?? (await next('reload-failed'));
  expect(event).toMatchObject({ stage: 'migrate', error: { code: 'ERR_STATE_MIGRATION' }, generation: 1 });
  expect(event.error.message).toMatch(says);
  expect(await currentValue(manager, 'dice')).toBe(1);
});

it.each([
  ['throws', `throw new Error('not going');`, /Teardown failed: not going/],
  ['never ends', never, /Teardown failed: it did not end within 200 ms/],
])('reloads all the same, with a warning, when the teardown %s', async (_what, statement, says) => {
  const { manager, workspace, next, seen } = await loadedBench(
    {
      'dice.ts': importing(valued('dice', 1, 'ctx.onTeardown(misbehave);')),
      '_helper.ts': helper(statement),
    },
    { defaults: { teardownMs: 200 } },
  );
  const warned = next('log', ({ level, text }) => level === 'warn' && says.test(text));
  const reloaded = next('reloaded');
  await writeFile(workspace.path('plugins/dice.ts'), valued('dice', 2));
  await warned;
  expect(await reloaded).toMatchObject({ generation: 2 });
  expect(await currentValue(manager, 'dice')).toBe(2);
  expect(seen('crashed')).toEqual([]);
});
