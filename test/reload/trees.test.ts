import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, relative } from 'node:path';
import { expect, it } from 'vitest';
import { type Bench, bench, benchIn, loadedBench, pluginSource, Workspace } from '../support/workspace.ts';
import { currentValue, valued } from './values.ts';

/** A plugin whose value comes from other files, each named by the path to import. */
function importing(name: string, ...files: string[]): string {
  const imports = files.map((file, index) => `import { part as p${index} } from '${file}';`).join('\n');
  const parts = files.map((_file, index) => `p${index}`).join(', ');
  return `${imports}\n${valued(name, 0).replace('() => 0', `() => [${parts}].join()`)}`;
}

const part = (value: string | number) => `export const part = '${value}';`;

async function changeAndServe({ workspace, next }: Bench, file: string, value: string): Promise<void> {
  await workspace.write({ 'new.ts': part(value) });
  const reloaded = next('reloaded');
  // At one stroke: a busy machine may take the emptied file for a save of its own.
  await rename(workspace.path('new.ts'), workspace.path(file));
  await reloaded;
}

it('loads a tree that is moved in, and notices edits anywhere inside it', async () => {
  const plugin = await bench({ 'other.ts': valued('other', 0) });
  const { manager, workspace, next } = plugin;
  await workspace.write({
    'elsewhere/index.ts': importing('tree', './a.ts', './one/b.ts', './one/two/three/c.ts'),
    'elsewhere/a.ts': part('a'),
    'elsewhere/one/b.ts': part('b'),
    'elsewhere/one/two/three/c.ts': part('c'),
  });
  await manager.loadAll();
  const loaded = next('loaded');
  await rename(workspace.path('elsewhere'), workspace.path('plugins/tree'));
  await loaded;
  expect(await currentValue(manager, 'tree')).toBe('a,b,c');
  await changeAndServe(plugin, 'plugins/tree/one/two/three/c.ts', 'C');
  await changeAndServe(plugin, 'plugins/tree/one/b.ts', 'B');
  await changeAndServe(plugin, 'plugins/tree/a.ts', 'A');
  expect(await currentValue(manager, 'tree')).toBe('A,B,C');
  expect(manager.hotReload.mode).toBe('native');
});

it('loads a tree that is made in one go, and notices edits anywhere inside it', async () => {
  const plugin = await bench({ 'other.ts': valued('other', 0) });
  const { manager, workspace, next } = plugin;
  await manager.loadAll();
  const loaded = next('loaded');
  await mkdir(workspace.path('plugins/deep/a/b/c'), { recursive: true });
  await writeFile(workspace.path('plugins/deep/a/b/c/part.ts'), part(1));
  await writeFile(workspace.path('plugins/deep/index.ts'), importing('deep', './a/b/c/part.ts'));
  await loaded;
  await changeAndServe(plugin, 'plugins/deep/a/b/c/part.ts', '2');
  const again = next('reloaded');
  await rename(workspace.path('plugins/deep/a'), workspace.path('plugins/deep/z'));
  await writeFile(workspace.path('plugins/deep/index.ts'), importing('deep', './z/b/c/part.ts'));
  await again;
  await changeAndServe(plugin, 'plugins/deep/z/b/c/part.ts', '3');
  expect(await currentValue(manager, 'deep')).toBe('3');
});

it('stays native, and goes on noticing, while trees come and go', async () => {
  const plugin = await bench({ 'dice.ts': valued('dice', 0) });
  const { manager, workspace, next } = plugin;
  await manager.loadAll();
  for (let round = 0; round < 15; round++) {
    const files = Object.fromEntries(
      Array.from({ length: 20 }, (_value, index) => [`plugins/_data/${index}/${round}/x.txt`, 'x']),
    );
    await workspace.write(files);
    await rm(workspace.path('plugins/_data'), { recursive: true });
  }
  const loaded = next('loaded');
  await workspace.write({
    'plugins/late/lib/part.ts': part(1),
    'plugins/late/index.ts': importing('late', './lib/part.ts'),
  });
  await loaded;
  await changeAndServe(plugin, 'plugins/late/lib/part.ts', '2');
  expect(await currentValue(manager, 'late')).toBe('2');
  expect(manager.hotReload.mode).toBe('native');
});

it('reloads exactly the importers of a shared file', async () => {
  const plugin = await bench({
    '_shared/x.ts': part(1),
    '_shared/y.ts': `export { part } from './x.ts';`,
    'direct.ts': importing('direct', './_shared/x.ts'),
    'through.ts': importing('through', './_shared/y.ts'),
    'neither.ts': valued('neither', 0),
  });
  const { manager, workspace, next, seen } = plugin;
  await manager.loadAll();
  const both = Promise.all(
    ['direct', 'through'].map((each) => next('reloaded', ({ name }) => name === each)),
  );
  await writeFile(workspace.path('plugins/_shared/x.ts'), part(2));
  await both;
  expect(await currentValue(manager, 'direct')).toBe('2');
  expect(await currentValue(manager, 'through')).toBe('2');
  expect(seen('reloaded')).toHaveLength(2);
  expect(manager.get('neither')).toMatchObject({ generation: 1 });
});

it('notices edits of an imported file outside the plugin directories, also after its folder was made anew', async () => {
  const workspace = await Workspace.create({
    'lib/deep/part.ts': part(1),
    'plugins/dice.ts': importing('dice', '../lib/deep/part.ts'),
  });
  const plugin = { ...benchIn(workspace), workspace };
  await plugin.manager.loadAll();
  await changeAndServe(plugin, 'lib/deep/part.ts', '2');
  const failed = plugin.next('reload-failed');
  await rm(workspace.path('lib'), { recursive: true });
  expect((await failed).error.message).toContain('../lib/deep/part.ts');
  const reloaded = plugin.next('reloaded');
  await workspace.write({ 'lib/deep/part.ts': part(3) });
  await reloaded;
  await changeAndServe(plugin, 'lib/deep/part.ts', '4');
  expect(await currentValue(plugin.manager, 'dice')).toBe('4');
});

it('reloads when a file appears or vanishes that an import with a name made at run time can mean', async () => {
  const { manager, workspace, next } = await loadedBench({
    'dice/lang/en.ts': part('hello'),
    'dice/index.ts': pluginSource(
      'dice',
      `return { value: async (name) => (await import(\`./lang/\${name}.ts\`)).part };`,
    ),
  });
  const speak = (name: string) => manager.plugin<{ value(name: string): string }>('dice').value(name);
  await expect(speak('de')).rejects.toThrow('lang/de.ts');
  const reloaded = next('reloaded');
  await workspace.write({ 'plugins/dice/lang/de.ts': part('hallo') });
  await reloaded;
  expect(await speak('de')).toBe('hallo');
  const again = next('reloaded');
  await rm(workspace.path('plugins/dice/lang/de.ts'));
  await again;
  await expect(speak('de')).rejects.toThrow('lang/de.ts');
  expect(await speak('en')).toBe('hello');
});

it.each([
  ['a file of another language', './_lib/part', { '_lib/part.js': part(1) }, { '_lib/part.ts': part(2) }],
  ['a file beside a folder', './_lib', { '_lib/index.ts': part(1) }, { '_lib.ts': part(2) }],
  [
    'the file that was written out',
    './_lib/part.js',
    { '_lib/part.ts': part(1) },
    { '_lib/part.js': part(2) },
  ],
  ['an index of another language', './_lib', { '_lib/index.js': part(1) }, { '_lib/index.tsx': part(2) }],
  [
    'a package.json that names another main file',
    './_lib',
    { '_lib/index.js': part(1), '_lib/main.js': part(2) },
    { '_lib/package.json': '{ "main": "./main.js" }' },
  ],
  [
    'the name of another main file',
    './_lib',
    { '_lib/a.js': part(1), '_lib/main.js': part(2), '_lib/package.json': '{ "main": "./a.js" }' },
    { '_lib/package.json': '{ "main": "./main.js" }' },
  ],
  [
    'a file that the name of the main file means',
    './_lib',
    { '_lib/package.json': '{ "main": "./main" }', '_lib/main.js': part(1) },
    { '_lib/main.ts': part(2) },
  ],
  [
    'a main file that is written at last',
    './_lib',
    { '_lib/package.json': '{ "main": "./dist/main.js" }', '_lib/index.js': part(1) },
    { '_lib/dist/main.js': part(2) },
  ],
  [
    'another index of what can only be a folder',
    './_lib/',
    { '_lib/index.js': part(1), '_lib.ts': part('beside') },
    { '_lib/index.ts': part(2) },
  ],
  [
    'a path of tsconfig.json that is tried first',
    '@part',
    {
      'tsconfig.json': '{ "compilerOptions": { "paths": { "@*": ["./_first/*", "./_second/*"] } } }',
      '_second/part.ts': part(1),
    },
    { '_first/part.ts': part(2) },
  ],
])('reloads when an import comes to mean another file: %s', async (_what, path, before, after) => {
  const { manager, workspace, next } = await loadedBench({ ...before, 'dice.ts': importing('dice', path) });
  expect(await currentValue(manager, 'dice')).toBe('1');
  const reloaded = next('reloaded');
  const files = Object.entries<string>(after).map(([name, content]) => [`plugins/${name}`, content]);
  await workspace.write(Object.fromEntries(files));
  await reloaded;
  expect(await currentValue(manager, 'dice')).toBe('2');
});

it.each([
  ['the nearest tsconfig.json above', 'tsconfig.json'],
  ['what that extends', 'config/base.json'],
  ['a tsconfig.json that comes nearer', 'plugins/tsconfig.json'],
])('reloads for other paths in %s', async (_what, file) => {
  const workspace = await Workspace.create({
    'tsconfig.json': '{ /* shared */ "extends": ["./config/base"] }',
    'config/base.json': '{ "compilerOptions": { "paths": { "@part": ["../plugins/_one.ts"] } } }',
    'plugins/dice.ts': importing('dice', '@part'),
    'plugins/_one.ts': part(1),
    'plugins/_two.ts': part(2),
  });
  const { manager, next } = benchIn(workspace);
  await manager.loadAll();
  expect(await currentValue(manager, 'dice')).toBe('1');
  const reloaded = next('reloaded');
  const target = relative(dirname(file), 'plugins/_two.ts');
  await workspace.write({ [file]: `{ "compilerOptions": { "paths": { "@part": ["./${target}"] } } }` });
  await reloaded;
  expect(await currentValue(manager, 'dice')).toBe('2');
});

it('does not look at other files beside one that is imported from outside', async () => {
  const workspace = await Workspace.create({
    'lib/part.ts': part(1),
    'plugins/dice.ts': importing('dice', '../lib/part.ts'),
  });
  const plugin = { ...benchIn(workspace), workspace };
  await plugin.manager.loadAll();
  await workspace.write({ 'lib/other.ts': part('other') });
  await changeAndServe(plugin, 'lib/part.ts', '2');
  expect(plugin.seen('unchanged')).toEqual([]);
  expect(plugin.seen('reloaded')).toHaveLength(1);
});
