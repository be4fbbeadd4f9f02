import { writeFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { loadedBench } from '../support/workspace.ts';
import { currentValue, valued } from './values.ts';

/** A plugin with these fields, as an author would write them. */
function defined(fields: Record<string, string>): string {
  const all = { name: `'dice'`, version: `'2.0.0'`, setup: '() => ({ value: () => 2 })', ...fields };
  const lines = Object.entries(all).map(([key, source]) => `  ${key}: ${source},`);
  return `export default {\n${lines.join('\n')}\n};\n`;
}

const NAME =
  /has the name .*; expected 1 to 64 letters, digits, '-', '_' or '\.', starting with a letter or digit/;
const VERSION = /has the version .*; expected a semantic version such as '1\.0\.0'/;

const BAD: [what: string, fields: Record<string, string>, says: RegExp][] = [
  ['no name', { name: 'undefined' }, NAME],
  ['an empty name', { name: `''` }, NAME],
  ['a name with a space', { name: `'two words'` }, NAME],
  ['a name that is too long', { name: `'x'.repeat(65)` }, NAME],
  ['a name that is no string', { name: '42' }, NAME],
  ['no version', { version: 'undefined' }, VERSION],
  ['a version that is a number', { version: '2' }, VERSION],
  ['a version with two parts', { version: `'1.0'` }, VERSION],
  [
    'a display name that is no string',
    { displayName: '{}' },
    /has a displayName of type object; expected a string/,
  ],
  [
    'a description that is no string',
    { description: '[]' },
    /has a description of type object; expected a string/,
  ],
  ['an author that is no string', { author: '1n' }, /has an author of type bigint; expected a string/],
  ['a config that is no schema', { config: '{ maxSides: 20 }' }, /has a config that is no Standard Schema/],
  [
    'a state that is no object',
    { state: '3' },
    /has a state of type number; expected \{ version, migrate \}/,
  ],
  ['a state that is null', { state: 'null' }, /has a state of type null; expected \{ version, migrate \}/],
  [
    'a state version of zero',
    { state: '{ version: 0 }' },
    /has state\.version 0; expected a whole number from 1/,
  ],
  [
    'a state version that is a string',
    { state: `{ version: '1' }` },
    /has state\.version "1"; expected a whole number/,
  ],
  [
    'a migrate that is no function',
    { state: '{ version: 1, migrate: true }' },
    /has a state\.migrate of type boolean; expected a function/,
  ],
  [
    'a migrate that is a generator',
    { state: '{ version: 1, *migrate(old) { return old; } }' },
    /has a state\.migrate of type generator function, of which a call runs nothing; expected a function/,
  ],
  [
    'a swap it does not know',
    { swap: `'blue-green'` },
    /has swap: "blue-green"; expected 'handover' or 'overlap'/,
  ],
  ['no setup', { setup: 'undefined' }, /has a setup of type undefined; expected a function/],
  ['a setup that is no function', { setup: '{}' }, /has a setup of type object; expected a function/],
  [
    'a setup that is a generator',
    { setup: 'function* (ctx) {}' },
    /has a setup of type generator function, of which a call runs nothing; expected a function/,
  ],
  [
    'a setup that is an async generator',
    { setup: 'async function* (ctx) {}' },
    /has a setup of type generator function, of which a call runs nothing; expected a function/,
  ],
  [
    'a field it does not know',
    { setUp: '() => {}' },
    /has an unknown field 'setUp'; known are name, displayName, version/,
  ],
];

it.each(BAD)('keeps the old version when the definition has %s', async (_what, fields, says) => {
  const { manager, workspace, next } = await loadedBench({ 'dice.ts': valued('dice', 1) });
  const failed = next('reload-failed');
  await writeFile(workspace.path('plugins/dice.ts'), defined(fields));
  const { error, stage, generation } = await failed;
  expect({ stage, generation }).toEqual({ stage: 'load', generation: 1 });
  expect(error).toMatchObject({ code: 'ERR_PLUGIN_INVALID', plugin: 'dice' });
  expect(error.message).toMatch(says);
  expect(error.message).toContain(workspace.path('plugins/dice.ts'));
  expect(await currentValue(manager, 'dice')).toBe(1);
});

it('accepts a definition with every field', async () => {
  const { manager } = await loadedBench({
    'dice.ts': defined({
      displayName: `'Dice'`,
      description: `'Rolls dice'`,
      author: `'Ada'`,
      version: `'1.2.3-beta.1+build.5'`,
      state: '{ version: 2, migrate: (old) => old }',
      swap: `'overlap'`,
      config: `{ '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value }) } }`,
    }),
  });
  expect(manager.get('dice')).toMatchObject({
    displayName: 'Dice',
    description: 'Rolls dice',
    author: 'Ada',
    version: '1.2.3-beta.1+build.5',
    lastError: undefined,
  });
});

it('takes the name for the display name, and nothing for what is not given', async () => {
  const { manager } = await loadedBench({ 'dice.ts': defined({}) });
  expect(manager.get('dice')).toMatchObject({ displayName: 'dice', description: '', author: '' });
});
