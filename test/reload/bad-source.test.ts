import { execFileSync } from 'node:child_process';
import { chmod, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { expect, it, onTestFinished } from 'vitest';
import { type Bench, bench, type Files, loadedBench } from '../support/workspace.ts';
import { currentValue, valued } from './values.ts';

const SYNTAX_ERROR = valued('bad', 1).replace('return {', 'return { {');
const MISSING_IMPORT = `import { part } from './_part.ts';\n${valued('bad', 0).replace('() => 0', '() => part')}`;

/** A source file that cannot be loaded, how it is called, and what the error must say, each line of it. */
const BAD: [what: string, source: string | Buffer, code: string, says: RegExp[]][] = [
  [
    'has a syntax error',
    SYNTAX_ERROR,
    'ERR_PLUGIN_BUILD',
    [/^Expected/, /bad\.ts:5:\d+/, /^> 5 \|.*return \{ \{/m, /^ +\| +\^$/m],
  ],
  [
    'imports a file that is missing',
    MISSING_IMPORT,
    'ERR_PLUGIN_BUILD',
    [/Could not resolve "\.\/_part\.ts"/, /bad\.ts:1:22/],
  ],
  [
    'imports a package that is not installed',
    `import 'no-such-package-here/sub';\n${valued('bad', 1)}`,
    'ERR_PLUGIN_BUILD',
    [/Could not resolve "no-such-package-here\/sub"/, /npm install no-such-package-here/, /bad\.ts:1:8/],
  ],
  [
    'imports a name that is not exported',
    `import { nothing } from './other.ts';\nnothing();\n${valued('bad', 1)}`,
    'ERR_PLUGIN_BUILD',
    [/No matching export in ".*other\.ts" for import "nothing"/, /bad\.ts:1:10/],
  ],
  [
    'imports a name that a module of Node does not have',
    `interface Gone {}\nimport { nothing } from 'node:fs';\nnothing();\n${valued('bad', 1)}`,
    'ERR_PLUGIN_LOAD',
    [/'node:fs' does not provide an export named 'nothing'/, /bad\.ts:2:10/, /^> 2 \| import \{ nothing/m],
  ],
  [
    'imports a name that a package does not have, in a file of its own',
    `import './_part.mts';\n${valued('bad', 1)}`,
    'ERR_PLUGIN_LOAD',
    [/does not provide an export named 'nothing'/, /_part\.mts:1:10/, /^> 1 \| import \{ nothing/m],
  ],
  [
    'imports a kind of file that cannot be bundled',
    `import './picture.png';\n${valued('bad', 1)}`,
    'ERR_PLUGIN_BUILD',
    [/No loader is configured for "\.png" files/, /bad\.ts:1:8/],
  ],
  [
    'is binary junk',
    Buffer.from(Array.from({ length: 4096 }, (_value, index) => (index * 197 + 13) % 256)),
    'ERR_PLUGIN_BUILD',
    [/bad\.ts:\d+:\d+/, /^(\P{Cc}|\n)*$/u],
  ],
  ['is empty', '', 'ERR_PLUGIN_INVALID', [/bad\.ts/, /no default export/, /export default definePlugin/]],
  [
    'has no default export',
    `export const name = 'bad', version = '1.0.0';`,
    'ERR_PLUGIN_INVALID',
    [/bad\.ts/, /it exports name, version/, /export default definePlugin/],
  ],
  [
    'exports something else as default',
    'export default 5;',
    'ERR_PLUGIN_INVALID',
    [/bad\.ts/, /exports a number as default; expected what definePlugin/],
  ],
  [
    'exports null as default',
    'export default null;',
    'ERR_PLUGIN_INVALID',
    [/bad\.ts/, /exports null as default; expected what definePlugin/],
  ],
  [
    'exports as an ES module would, in CommonJS',
    `exports.default = { name: 'bad', version: '1.0.0', setup() {} };`,
    'ERR_PLUGIN_INVALID',
    [/bad\.ts/, /unknown field 'default'.* In a CommonJS module write 'module\.exports = \{ … \}'$/],
  ],
  [
    'throws when it is imported',
    `\nthrow new TypeError('not today');`,
    'ERR_PLUGIN_LOAD',
    [/TypeError: not today/, /bad\.ts:2:7/, /^> 2 \| throw new TypeError/m],
  ],
  [
    'throws what is no error when it is imported',
    `throw null;`,
    'ERR_PLUGIN_LOAD',
    [/bad\.ts: .* could not be loaded: null$/],
  ],
];

const OTHER = {
  'other.ts': valued('other', 'serves'),
  'picture.png': 'png',
  '_part.mts': `import { nothing } from 'pkg';\nnothing();`,
  'node_modules/pkg/package.json': '{ "type": "module", "exports": "./index.js" }',
  'node_modules/pkg/index.js': 'export const something = 1;',
};

async function load(files: Files): Promise<Bench & { error: Error }> {
  const plugin = await bench({ ...OTHER, ...files });
  const { loaded, failed } = await plugin.manager.loadAll();
  expect(loaded).toEqual(['other']);
  expect(failed).toMatchObject([{ name: 'bad' }]);
  return { ...plugin, error: failed[0]?.error as Error };
}

function expectToSay(error: Error, code: string, says: RegExp[]): void {
  expect(error).toMatchObject({ code });
  for (const text of says) expect(error.message).toMatch(text);
}

it.each(BAD)(
  'refuses a plugin that %s, loads the others, and takes it when it is mended',
  async (_what, source, code, says) => {
    const { manager, error, workspace, next } = await load({ 'bad.ts': source });
    expectToSay(error, code, says);
    expect(manager.get('bad')).toMatchObject({ state: 'failed', generation: 0, lastError: error });
    expect(await currentValue(manager, 'other')).toBe('serves');
    await expect(currentValue(manager, 'bad')).rejects.toMatchObject({ code: 'ERR_PLUGIN_UNAVAILABLE' });
    const loaded = next('loaded');
    await writeFile(workspace.path('plugins/bad.ts'), valued('bad', 'mended'));
    await loaded;
    expect(await currentValue(manager, 'bad')).toBe('mended');
  },
);

it.each(BAD)('keeps the old version when the new one %s', async (_what, source, code, says) => {
  const { manager, workspace, next } = await loadedBench({ ...OTHER, 'bad.ts': valued('bad', 'old') });
  const failed = next('reload-failed');
  await writeFile(workspace.path('plugins/bad.ts'), source);
  const { name, generation, error } = await failed;
  expect({ name, generation }).toEqual({ name: 'bad', generation: 1 });
  expectToSay(error, code, says);
  expect(await currentValue(manager, 'bad')).toBe('old');
  expect(manager.get('bad')).toMatchObject({ state: 'running', generation: 1, lastError: error });
});

it('loads when a missing import appears, wherever that could be', async () => {
  const { manager, workspace, next } = await load({
    'bad.ts': `import { a } from './_a';\nimport { b } from 'some-package';\n${valued('bad', 0).replace('() => 0', '() => a + b')}`,
  });
  const stillFailed = next('reload-failed');
  await workspace.write({ 'plugins/_a/index.ts': `export const a = 'a';` });
  expect((await stillFailed).error.message).toContain('"some-package"');
  const loaded = next('loaded');
  await workspace.write({
    'node_modules/some-package/index.js': `export const b = 'b';`,
    'node_modules/some-package/package.json': '{ "type": "module", "main": "./index.js" }',
  });
  await loaded;
  expect(await currentValue(manager, 'bad')).toBe('ab');
});

it.each([
  ['a path of its tsconfig.json', '"paths": { "@lib/*": ["./src/*"] }', '@lib/part', 'src/part.ts'],
  ['the baseUrl of its tsconfig.json', '"baseUrl": "src"', 'lib/part', 'src/lib/part/index.ts'],
])('loads when a missing import by %s appears', async (_what, options, path, file) => {
  const { manager, workspace, next } = await load({
    'bad/tsconfig.json': `{ "compilerOptions": { ${options}, /* and no more */ } }`,
    'bad/index.ts': `import { part } from '${path}';\n${valued('bad', 0).replace('() => 0', '() => part')}`,
  });
  const loaded = next('loaded');
  await workspace.write({ [`plugins/bad/${file}`]: `export const part = 'there';` });
  await loaded;
  expect(await currentValue(manager, 'bad')).toBe('there');
});

it('says first what is wrong in the tsconfig.json, and loads when that is mended', async () => {
  const { error, workspace, next } = await load({
    'bad/tsconfig.json': `{ "compilerOptions": { "paths" { "@lib/*": ["./*"] } } }`,
    'bad/index.ts': `import { part } from '@lib/part.ts';\n${valued('bad', 0).replace('() => 0', '() => part')}`,
    'bad/part.ts': `export const part = 'there';`,
  });
  expectToSay(error, 'ERR_PLUGIN_BUILD', [
    /^Expected ":" in JSON but found "\{" \(and 1 more\)\n {2}at .*bad\/tsconfig\.json:1:32/,
  ]);
  const loaded = next('loaded');
  await workspace.write({
    'plugins/bad/tsconfig.json': `{ "compilerOptions": { "paths": { "@lib/*": ["./*"] } } }`,
  });
  await loaded;
});

it.each([
  [
    'a package without the file that it names',
    `import 'lib';`,
    { 'lib/package.json': '{ "main": "./gone.js" }' },
  ],
  [
    'a part that a package does not offer',
    `import 'lib/part.js';`,
    { 'lib/package.json': '{ "exports": "./index.js" }', 'lib/index.js': '', 'lib/part.js': '' },
  ],
  ['a path of nothing', `import '/nowhere/lib.js';`, {}],
])('tries once to load what imports %s', async (_what, source, packages) => {
  const files = Object.entries<string>(packages).map(([name, content]) => [`node_modules/${name}`, content]);
  const { manager, workspace, next, seen } = await load({ 'bad.js': source });
  const failed = next('reload-failed');
  await workspace.write({ ...Object.fromEntries(files), 'plugins/bad.js': `${source}\n` });
  await failed;
  const reloaded = next('reloaded');
  await workspace.write({ 'plugins/other.ts': valued('other', 'again') });
  await reloaded;
  // Only now: a slow machine may tell of the files that were written one after the other.
  const tries = seen('reload-failed').length;
  const last = next('reloaded');
  await workspace.write({ 'plugins/other.ts': valued('other', 'and again') });
  await last;
  expect(seen('reload-failed')).toHaveLength(tries);
  expect(manager.get('bad')).toMatchObject({ state: 'failed' });
});

it('refuses a source file of 50 MB without reading it', async () => {
  const { manager, workspace, next } = await loadedBench({ ...OTHER, 'bad.ts': valued('bad', 'old') });
  const failed = next('reload-failed');
  await truncate(workspace.path('plugins/bad.ts'), 50 * 1024 * 1024);
  const { error } = await failed;
  expectToSay(error, 'ERR_PLUGIN_BUILD', [
    /^\S+bad\.ts has 52428800 bytes/,
    /may have 16777216/,
    /Keep data in a file that the plugin reads\.$/,
  ]);
  expect(await currentValue(manager, 'bad')).toBe('old');
});

it('refuses a broken link and a link to itself', async () => {
  const { manager, workspace } = await bench(OTHER);
  await symlink('nowhere.ts', workspace.path('plugins/broken.ts'));
  await symlink('loop', workspace.path('plugins/loop'));
  const { loaded, failed } = await manager.loadAll();
  expect(loaded).toEqual(['other']);
  expect(failed.map(({ name }) => name)).toEqual(['broken', 'loop']);
  expectToSay(failed[0]?.error as Error, 'ERR_PLUGIN_ENTRY', [
    /broken\.ts' is a link to 'nowhere\.ts', which cannot be reached: ENOENT/,
  ]);
  expectToSay(failed[1]?.error as Error, 'ERR_PLUGIN_ENTRY', [
    /loop' is a link to 'loop', which cannot be reached: ELOOP/,
  ]);
});

it.skipIf(process.platform === 'win32')('refuses a pipe instead of waiting for what it brings', async () => {
  const { manager, workspace } = await bench({
    ...OTHER,
    'bad/package.json': '{ "main": "./pipe.ts" }',
    'importing.ts': `import './_pipe.ts';`,
    'mentioning/index.ts': valued('mentioning', 0),
    'mentioning/tsconfig.json': '{ /* "extends": "../_pipe.ts" */ }',
  });
  for (const name of ['pipe.ts', '_pipe.ts', 'bad/pipe.ts'])
    execFileSync('mkfifo', [workspace.path('plugins', name)]);
  const { loaded, failed } = await manager.loadAll();
  expect(loaded.sort()).toEqual(['mentioning', 'other']);
  const errors = Object.fromEntries(failed.map(({ name, error }) => [name, error]));
  expectToSay(errors.pipe as Error, 'ERR_PLUGIN_ENTRY', [/pipe\.ts' is no regular file/]);
  expectToSay(errors.bad as Error, 'ERR_PLUGIN_ENTRY', [
    /names '\.\/pipe\.ts' as its entry, which is not there/,
  ]);
  expectToSay(errors.importing as Error, 'ERR_PLUGIN_BUILD', [
    /_pipe\.ts is no regular file; expected a module\.\n {2}at .*importing\.ts:1:8/,
  ]);
});

it.skipIf(process.getuid?.() === 0)(
  'refuses a file that may not be read, and loads it when it may',
  async () => {
    const { manager, workspace, next } = await bench({ ...OTHER, 'bad.ts': valued('bad', 1) });
    await chmod(workspace.path('plugins/bad.ts'), 0);
    const { failed } = await manager.loadAll();
    expectToSay(failed[0]?.error as Error, 'ERR_PLUGIN_BUILD', [/bad\.ts/, /EACCES/]);
    const loaded = next('loaded');
    await chmod(workspace.path('plugins/bad.ts'), 0o600);
    await loaded;
  },
);

it.skipIf(process.getuid?.() === 0).each([
  ['a folder', 'bad', 0o700],
  ['a package.json', 'bad/package.json', 0o600],
])('says that %s may not be read, and loads the plugin when it may', async (_what, path, mode) => {
  const { manager, workspace, next } = await bench({
    ...OTHER,
    'bad/package.json': '{}',
    'bad/index.ts': valued('bad', 1),
  });
  await chmod(workspace.path('plugins', path), 0);
  onTestFinished(() => chmod(workspace.path('plugins', path), mode));
  const { failed } = await manager.loadAll();
  expectToSay(failed[0]?.error as Error, 'ERR_PLUGIN_ENTRY', [
    /^The folder '.*bad' cannot be read: EACCES: permission denied.*bad\/package\.json'/,
  ]);
  const loaded = next('loaded');
  await chmod(workspace.path('plugins', path), mode);
  await loaded;
});

it('says that the file is not there that is to be loaded again', async () => {
  const { manager, workspace } = await loadedBench(
    { ...OTHER, 'bad.ts': valued('bad', 1) },
    { hotReload: false },
  );
  await rm(workspace.path('plugins/bad.ts'));
  await expect(manager.reload('bad')).rejects.toMatchObject({
    code: 'ERR_PLUGIN_BUILD',
    message: `${workspace.path('plugins/bad.ts')} is not there`,
  });
  expect(await currentValue(manager, 'bad')).toBe(1);
});

it('takes names with Unicode, and says which names it does not take', async () => {
  const { manager } = await bench({
    ...OTHER,
    'würfel-骰子.ts': valued('würfel-骰子', 1),
    'my plugin.ts': valued('my-plugin', 1),
    '-dash.ts': valued('dash', 1),
    [`${'x'.repeat(65)}.ts`]: valued('long', 1),
    'two words/index.ts': valued('two', 1),
  });
  const { loaded, failed } = await manager.loadAll();
  expect(loaded).toEqual(['other', 'würfel-骰子']);
  expect(failed.map(({ name }) => name).sort()).toEqual(['-dash', 'my plugin', 'two words', 'x'.repeat(65)]);
  for (const { error } of failed)
    expectToSay(error, 'ERR_PLUGIN_ENTRY', [
      /because of its name/,
      /expected 1 to 64 letters.*without spaces.*Rename it/,
    ]);
});

it('loads plugins whose files import each other in circles', async () => {
  const { manager } = await bench({
    'self.ts': `import * as me from './self.ts';\n${valued('self', 0).replace('() => 0', '() => Object.keys(me)')}`,
    'ring/index.ts': `import { a } from './a.ts';\n${valued('ring', 0).replace('() => 0', '() => a(3)')}`,
    'ring/a.ts': `import { b } from './b.ts';\nexport const a = (n: number): string => (n === 0 ? 'end' : 'a' + b(n - 1));`,
    'ring/b.ts': `import { a } from './a.ts';\nexport const b = (n: number): string => (n === 0 ? 'end' : 'b' + a(n - 1));`,
  });
  expect(await manager.loadAll()).toMatchObject({ loaded: ['ring', 'self'], failed: [] });
  expect(await currentValue(manager, 'ring')).toBe('abaend');
  expect(await currentValue(manager, 'self')).toEqual(['default']);
});
