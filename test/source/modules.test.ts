import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { bench, benchIn, type Files, loadedBench, pluginSource, Workspace } from '../support/workspace.ts';
import { loaded, telling, told } from './loaded.ts';

it('imports JSON and text files', async () => {
  expect(
    await told({
      'it.ts': telling(
        '[data.list, named, text, query]',
        `import data, { named } from './_data.json' with { type: 'json' }; import text from './_text.txt'; import query from './_query.sql';`,
      ),
      '_data.json': '{ "list": [1, 2], "named": "by name" }',
      '_text.txt': 'héllo\n',
      '_query.sql': 'select 1',
    }),
  ).toEqual([[1, 2], 'by name', 'héllo\n', 'select 1']);
});

it('awaits at the top level of any file', async () => {
  expect(
    await told({
      'it.ts': telling(
        '[first, second]',
        `import { first } from './_first.ts'; const second = await Promise.resolve(2);`,
      ),
      '_first.ts': 'export const first = await new Promise((resolve) => setImmediate(resolve, 1));',
    }),
  ).toEqual([1, 2]);
});

it('imports a local file dynamically, once, and knows it as a part of the plugin', async () => {
  const { manager, workspace, next } = await loadedBench({
    'it.ts': telling(
      `import('./_late.ts').then(async ({ late, count }) => [late, count(), (await import('./_late.ts')).count()])`,
    ),
    '_late.ts': `let n = 0; export const late = 'late'; export const count = () => ++n;`,
  });
  const it = manager.plugin<{ tell(): unknown }>('it');
  expect(await it.tell()).toEqual(['late', 1, 2]);
  const reloaded = next('reloaded');
  await writeFile(
    workspace.path('plugins/_late.ts'),
    `export const late = 'later'; export const count = () => 0;`,
  );
  await reloaded;
  expect(await it.tell()).toEqual(['later', 0, 0]);
});

it('runs a plugin written as CommonJS, with its own require, exports and dependencies', async () => {
  expect(
    await told({
      'it.cjs': `
        const { sum } = require('./_lib/sum.js');
        const { basename } = require('node:path');
        exports.notUsed = 1;
        module.exports = { name: 'it', version: '1.0.0', setup: () => ({
          tell: () => [sum(1, 2), basename(__filename), basename(__dirname), require('./_data.json').n, typeof require.resolve] }) };`,
      '_lib/sum.js': `exports.sum = (a, b) => a + b + require('./one.cjs');`,
      '_lib/one.cjs': 'module.exports = 1;',
      '_data.json': '{ "n": 5 }',
    }),
  ).toEqual([4, 'it.cjs', 'plugins', 5, 'function']);
});

it('runs TypeScript that was compiled to CommonJS', async () => {
  expect(
    await told({
      'it.js': `"use strict"; Object.defineProperty(exports, "__esModule", { value: true });
        exports.default = { name: 'it', version: '1.0.0', setup: () => ({ tell: () => 'compiled' }) };`,
    }),
  ).toBe('compiled');
});

const PACKAGES: Files = {
  'node_modules/esm-only/package.json':
    '{ "name": "esm-only", "type": "module", "exports": { ".": { "import": "./main.js" }, "./sub": "./sub.js" } }',
  'node_modules/esm-only/main.js': `export default 'esm'; export const place = import.meta.url;`,
  'node_modules/esm-only/sub.js': `export const sub = 'sub';`,
  'node_modules/cjs-only/package.json': '{ "name": "cjs-only", "main": "lib" }',
  'node_modules/cjs-only/lib/index.js': `exports.cjs = 'cjs'; exports.place = __dirname;`,
  'node_modules/dual/package.json':
    '{ "name": "dual", "exports": { "module": "./bundlers.mjs", "import": "./main.mjs", "require": "./main.cjs" }, "module": "./bundlers.mjs" }',
  'node_modules/dual/main.mjs': `export default 'as esm';`,
  'node_modules/dual/main.cjs': `module.exports = 'as cjs';`,
  'node_modules/dual/bundlers.mjs': `export default 'for bundlers';`,
  'node_modules/@scope/effects/package.json':
    '{ "name": "@scope/effects", "sideEffects": false, "main": "index.js" }',
  'node_modules/@scope/effects/index.js': 'globalThis.effects = (globalThis.effects ?? 0) + 1;',
};

it('imports packages from beside the plugin as Node does', async () => {
  const { tell, workspace } = await loaded({
    'it/index.ts': telling(
      '[esm, sub, cjs, dual, viaRequire, globalThis.effects, place, cjsPlace]',
      `import esm, { place } from 'esm-only'; import { sub } from 'esm-only/sub'; import { cjs, place as cjsPlace } from 'cjs-only';
       import dual from 'dual'; import viaRequire from './old.cjs'; import '@scope/effects'; import '@scope/effects';`,
    ),
    'it/old.cjs': `module.exports = require('dual');`,
    ...Object.fromEntries(Object.entries(PACKAGES).map(([name, content]) => [`it/${name}`, content])),
  });
  const packages = workspace.path('plugins/it/node_modules');
  expect(await tell()).toEqual([
    'esm',
    'sub',
    'cjs',
    'as esm',
    'as cjs',
    1,
    `file://${packages}/esm-only/main.js`,
    `${packages}/cjs-only/lib`,
  ]);
});

it('runs a file for its effects even if the package.json of the folder denies that it has any', async () => {
  expect(
    await told({
      'it/package.json': '{ "type": "module", "sideEffects": false }',
      'it/index.js': telling('globalThis.effect', `import './effect.js';`),
      'it/effect.js': `globalThis.effect = 'happened';`,
    }),
  ).toBe('happened');
});

it('reloads when a file changes that only createRequire has read', async () => {
  const { manager, workspace, next } = await loadedBench({
    'it/index.ts': telling(
      `require('./lib/' + 'data.cjs').value`,
      `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url); require('./lib/data.cjs');`,
    ),
    'it/lib/data.cjs': 'module.exports = { value: require("./deeper.cjs") };',
    'it/lib/deeper.cjs': 'module.exports = 1;',
  });
  const it = manager.plugin<{ tell(): unknown }>('it');
  expect(await it.tell()).toBe(1);
  const reloaded = next('reloaded');
  await writeFile(workspace.path('plugins/it/lib/deeper.cjs'), 'module.exports = 2;');
  await reloaded;
  expect(await it.tell()).toBe(2);
});

it('reloads when a file changes that a handler has read long after setup, under a name put together there', async () => {
  const { manager, workspace, next } = await loadedBench({
    'p/index.ts': pluginSource(
      'p',
      `const load = createRequire(import.meta.url);
       return { read: (name: string) => load('./lib/' + name + '.cjs'), generation: () => ctx.generation };`,
    ).replace('import', `import { createRequire } from 'node:module';\nimport`),
    'p/lib/data.cjs': 'module.exports = 1;',
  });
  const plugin = manager.plugin<{ read(name: string): number; generation(): number }>('p');
  expect(await plugin.read('data')).toBe(1);
  const reloaded = next('reloaded');
  // The thread tells of it with its next sign of life.
  for (let n = 2; (await plugin.generation()) === 1; n++) {
    await workspace.write({ 'plugins/p/lib/data.cjs': `module.exports = ${n};` });
    await Promise.race([reloaded, new Promise((resolve) => setTimeout(resolve, 500))]);
  }
  expect(await plugin.read('data')).toBeGreaterThan(1);
});

it('loads when a file is mended or appears that only createRequire reads', async () => {
  const { manager, workspace, next } = await bench({
    'it.ts': telling(
      '[one, two]',
      `import { createRequire } from 'node:module'; const load = createRequire(import.meta.url);
       const one = load('./_one.cjs'); const two = load('./_two');`,
    ),
    '_one.cjs': `throw new Error('broken');`,
  });
  expect((await manager.loadAll()).failed[0]?.error.message).toContain('Error: broken');
  const failed = next('reload-failed');
  await writeFile(workspace.path('plugins/_one.cjs'), 'module.exports = 1;');
  expect((await failed).error.message).toContain(`Cannot find module './_two'`);
  const loaded = next('loaded');
  await workspace.write({ 'plugins/_two.json': '2' });
  await loaded;
  expect(await manager.plugin<{ tell(): unknown }>('it').tell()).toEqual([1, 2]);
});

it('uses a linked package as a part of the plugin, and notices its edits', async () => {
  const { manager, workspace, next } = await bench({
    'it/index.ts': telling('shared', `import { shared } from '@bot/shared';`),
  });
  await workspace.write({
    'shared/package.json': '{ "name": "@bot/shared", "exports": "./src/index.ts" }',
    'shared/src/index.ts': `export const shared: string = 'one';`,
  });
  await mkdir(workspace.path('node_modules/@bot'), { recursive: true });
  await symlink(workspace.path('shared'), workspace.path('node_modules/@bot/shared'));
  expect((await manager.loadAll()).failed).toEqual([]);
  const it = manager.plugin<{ tell(): unknown }>('it');
  expect(await it.tell()).toBe('one');
  const reloaded = next('reloaded');
  await writeFile(workspace.path('shared/src/index.ts'), `export const shared: string = 'two';`);
  await reloaded;
  expect(await it.tell()).toBe('two');
});

it('leaves what it imports from Bulkhead itself to Node, also where that is linked', async () => {
  const workspace = await Workspace.create({
    'plugins/it.ts': telling('typeof ERROR_CODES', `import { ERROR_CODES } from 'bulkhead';`),
    'node_modules/none': '',
  });
  await symlink(fileURLToPath(new URL('../..', import.meta.url)), workspace.path('node_modules/bulkhead'));
  const { manager } = benchIn(workspace, { hotReload: false });
  const { failed } = await manager.loadAll();
  expect(failed).toEqual([]);
  expect(await manager.plugin<{ tell(): unknown }>('it').tell()).toBe('object');
});
