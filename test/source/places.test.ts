import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { bench, benchIn, loadedBench, pluginSource, Workspace } from '../support/workspace.ts';
import { loaded, telling } from './loaded.ts';

const PLACES = `[import.meta.url, import.meta.filename, import.meta.dirname, import.meta['url'], new URL('./data.txt', import.meta.url).href]`;

it('tells each file its own place, not that of the build', async () => {
  const { tell, workspace } = await loaded({
    'it/index.ts': telling(
      `[${PLACES}, here, [filename, dirname]]`,
      `import { here } from './lib/here.mjs'; const { filename, dirname } = import.meta;`,
    ),
    'it/lib/here.mjs': `export const here = ${PLACES};`,
  });
  const places = (file: string) => {
    const path = workspace.path('plugins/it', file);
    const url = pathToFileURL(path).href;
    return [url, path, path.replace(/\/[^/]+$/, ''), url, url.replace(/[^/]+$/, 'data.txt')];
  };
  expect(await tell()).toEqual([
    places('index.ts'),
    places('lib/here.mjs'),
    [workspace.path('plugins/it/index.ts'), workspace.path('plugins/it')],
  ]);
});

it('tells a CommonJS file its own place, also in a name that needs escaping', async () => {
  const { tell, workspace } = await loaded({
    'it/package.json': '{ "main": "./a & \'b\' #1 ü/main.cjs" }',
    "it/a & 'b' #1 ü/main.cjs": `
      const { here } = require('./$& lib.js');
      module.exports = { name: 'it', version: '1.0.0', setup: () => ({ tell: () => [__filename, __dirname, here] }) };`,
    "it/a & 'b' #1 ü/$& lib.js": `#!/usr/bin/env node\nexports.here = __filename;`,
  });
  const directory = workspace.path("plugins/it/a & 'b' #1 ü");
  expect(await tell()).toEqual([`${directory}/main.cjs`, directory, `${directory}/$& lib.js`]);
});

it('resolves names from the place of the file', async () => {
  const names = ['./lib/x.ts', '../y.ts', 'node:fs', 'fs', 'esm-only', 'cjs-only', 'https://example.org/a'];
  const { tell, workspace } = await loaded({
    'it/index.ts': telling(
      `[${names.map((name) => `import.meta.resolve('${name}')`)}, import.meta.resolve(['cjs', 'only'].join('-'))]`,
    ),
    'it/node_modules/esm-only/package.json': '{ "exports": { "import": "./main.mjs" } }',
    'it/node_modules/esm-only/main.mjs': '',
    'it/node_modules/cjs-only/package.json': '{ "main": "./a b.js" }',
    'it/node_modules/cjs-only/a b.js': '',
  });
  const url = (path: string) => pathToFileURL(workspace.path('plugins', path)).href;
  expect(await tell()).toEqual([
    url('it/lib/x.ts'),
    url('y.ts'),
    'node:fs',
    'node:fs',
    url('it/node_modules/esm-only/main.mjs'),
    url('it/node_modules/cjs-only/a b.js'),
    'https://example.org/a',
    url('it/node_modules/cjs-only/a b.js'),
  ]);
});

it('resolves and reads from the place of a CommonJS file', async () => {
  const { tell, workspace } = await loaded({
    'it/index.cjs': `module.exports = { name: 'it', version: '1.0.0', setup: () => ({ tell: () => require('./lib/where.cjs') }) };`,
    'it/lib/where.cjs': `module.exports = [require.resolve('./data.json'), require.resolve('cjs-only'), require.resolve('node:path')];`,
    'it/lib/data.json': '{}',
    'it/lib/node_modules/cjs-only/index.js': '',
  });
  expect(await tell()).toEqual([
    workspace.path('plugins/it/lib/data.json'),
    workspace.path('plugins/it/lib/node_modules/cjs-only/index.js'),
    'node:path',
  ]);
});

it("points to the author's line and column, in the entry and in an imported file", async () => {
  const { manager, workspace } = await loadedBench(
    {
      'it.ts': `import { definePlugin } from 'bulkhead/plugin';
import { thrower } from './_thrower.ts';
interface Gone { after: 'compiling'; so: 'lines move' }
export default definePlugin({
  name: 'it', version: '1.0.0',
  setup() {
    return {
      here(): never { const gone: Gone | undefined = undefined; throw new Error('here ' + gone); },
      there: (value: Gone) => thrower(value),
    };
  },
});
`,
      '_thrower.ts': `enum Unused { A }
const place = import.meta.url;
export function thrower(_value: unknown): never {
  throw new TypeError(\`there \${Unused.A} \${place.length > 0}\`);
}
`,
    },
    { hotReload: false },
  );
  const it = manager.plugin<{ here(): void; there(value: unknown): void }>('it');
  const here = (await it.here().catch((error: unknown) => error)) as Error;
  expect(here.stack).toMatch(`here (${workspace.path('plugins/it.ts')}:8:71)`);
  const there = (await it.there(1).catch((error: unknown) => error)) as Error;
  expect(there.stack).toContain(`thrower (${workspace.path('plugins/_thrower.ts')}:4:9)`);
  expect(there.stack).toContain(`${workspace.path('plugins/it.ts')}:9:31`);
  expect(there.stack).not.toContain('.mjs');
});

it.each([
  ['it.mjs', `const ü = import.meta.url; null.x;\nexport default {};`],
  ['it.cjs', `const here = [__dirname, require.resolve('node:fs')]; null.x;`],
])(
  "points to the author's column on the first line of %s, which knows its own place",
  async (name, source) => {
    const { manager, workspace } = await bench({ [name]: source }, { hotReload: false });
    const { failed } = await manager.loadAll();
    const column = source.indexOf('null.x') + 'null.'.length + 1;
    const file = workspace.path('plugins', name);
    expect(failed[0]?.error).toMatchObject({ location: { file, line: 1, column } });
    expect(failed[0]?.error.message).toContain(`\n    | ${' '.repeat(column - 1)}^`);
  },
);

it('points to columns of the first line in each file, of those that know their place and those that do not', async () => {
  const { manager, workspace } = await loadedBench(
    {
      'it.ts': telling(
        '[knows(), asks()]',
        `import { knows } from './_a.ts'; import { asks } from './_b.ts';`,
      ),
      '_a.ts': `export const knows = () => [import.meta.filename, new Error('a').stack];`,
      '_b.ts': `export const asks = () => new Error('b').stack;`,
    },
    { hotReload: false },
  );
  const told = String(await manager.plugin<{ tell(): unknown }>('it').tell());
  expect(told).toContain(`knows (${workspace.path('plugins/_a.ts')}:1:51)`);
  expect(told).toContain(`asks (${workspace.path('plugins/_b.ts')}:1:27)`);
});

const ODD_FOLDERS = [
  'größe 骰子',
  '100%25',
  '#1',
  '[a] {b}',
  '(c) d',
  '(e',
  '*f*',
  '$& $1',
  `it's "g"`,
  'h ?|^<i>',
  'back\\slash',
];

it.each(ODD_FOLDERS)('points to lines of files in a folder named %s', async (folder) => {
  const workspace = await Workspace.create({
    [`${folder}/loading.ts`]: `interface Gone {}\nthrow new Error('at load');`,
    [`${folder}/würfel.ts`]: pluginSource('würfel', `return { throws() { throw new Error('in call'); } };`),
    [`${folder}/starting/index.ts`]: pluginSource('starting', `throw new Error('in setup');`),
  });
  const { manager } = benchIn(workspace, { pluginDir: workspace.path(folder), hotReload: false });
  const { failed } = await manager.loadAll();
  expect(failed.map(({ error }) => error).sort((a, b) => (a.message < b.message ? -1 : 1))).toMatchObject([
    {
      location: { file: workspace.path(folder, 'loading.ts'), line: 2, column: 7 },
      frame: expect.stringContaining(`> 2 | throw new Error('at load');`),
    },
    {
      location: { file: workspace.path(folder, 'starting/index.ts'), line: 5, column: 11 },
      frame: expect.stringContaining(`> 5 |     throw new Error('in setup');`),
    },
  ]);
  const error = await manager
    .plugin<{ throws(): void }>('würfel')
    .throws()
    .catch((thrown: Error) => thrown);
  expect(error?.stack).toContain(`(${workspace.path(folder, 'würfel.ts')}:5:31)`);
});

it.each([
  ['a syntax error', `import '../a\\\\b/c\\\\d.ts';`, 'export const x = ;', 1, 18, /^Unexpected ";"/],
  [
    'a missing export',
    `export * from '../a\\\\b/c\\\\d.ts';`,
    `import { y } from './e\\\\f.ts'; console.log(y);`,
    1,
    10,
    /^No matching export in "_files\/a\\b\/e\\f.ts"/,
  ],
  ['a throw at load', `import '../a\\\\b/c\\\\d.ts';`, '\nnull.x;', 2, 6, /: TypeError: /],
  [
    'a throw on a line with import.meta',
    `import '../a\\\\b/c\\\\d.ts';`,
    'import.meta.url.x.y;',
    1,
    19,
    /: TypeError: /,
  ],
])('names a file with a backslash in its name for %s', async (_what, entry, source, line, column, text) => {
  const { manager, workspace } = await bench(
    {
      'it.ts': `import './_files/lib/main.ts';`,
      '_files/lib/main.ts': entry,
      '_files/a\\b/c\\d.ts': source,
      '_files/a\\b/e\\f.ts': 'export {};',
    },
    { hotReload: false },
  );
  const { failed } = await manager.loadAll();
  const file = workspace.path('plugins/_files/a\\b/c\\d.ts');
  expect(failed[0]?.error).toMatchObject({
    message: expect.stringMatching(text),
    location: { file, line, column },
    frame: expect.any(String),
  });
});

it('points to the column of a syntax error, also on a line with other than ASCII and beside import.meta', async () => {
  const { manager, workspace } = await bench(
    { 'it.ts': `const ü = 'äöü', here = import.meta.url, = 1;\n` },
    { hotReload: false },
  );
  const { failed } = await manager.loadAll();
  expect(failed[0]?.error.message).toContain(`${workspace.path('plugins/it.ts')}:1:42`);
  expect(failed[0]?.error.message).toMatch(/^ +\| {42}\^$/m);
});

it('says once of a file with a * in its name that it cannot be used, as an entry and when it is imported', async () => {
  const { manager, workspace, next, seen } = await bench({
    'it/package.json': '{ "main": "ma*n.ts" }',
    'it/ma*n.ts': pluginSource('it', ''),
    'it/main.ts': `import './he*p.ts';`,
    'it/he*p.ts': '',
  });
  const { failed } = await manager.loadAll();
  const text = 'a * in the name of a file is taken for a pattern; rename the file';
  expect(failed[0]?.error).toMatchObject({
    code: 'ERR_PLUGIN_BUILD',
    message: `${workspace.path('plugins/it/ma*n.ts')} could not be built: ${text}`,
  });
  const refusal = `Could not resolve "./he*p.ts", as ${text}\n  at `;
  const imported = next('reload-failed', ({ error }) => error.message.includes(refusal));
  await workspace.write({ 'plugins/it/package.json': '{ "main": "main.ts" }' });
  await imported;
  const other = next('loaded');
  await workspace.write({ 'plugins/other.ts': pluginSource('other', '') });
  await other;
  expect(seen('reload-failed').filter(({ error }) => error.message.includes(text))).toHaveLength(2);
});

it('runs a plugin that has no node_modules above it', async () => {
  const { tell } = await loaded({
    'it.ts': telling(
      '[typeof definePlugin, typeof again.definePlugin, used]',
      `import * as again from 'bulkhead/plugin'; import type { PluginContext } from 'bulkhead/plugin';
       import { used } from './_helper.cjs'; const typed: PluginContext | undefined = undefined; void typed;`,
    ),
    '_helper.cjs': `exports.used = typeof require('bulkhead/plugin').definePlugin;`,
  });
  expect(await tell()).toEqual(['function', 'function', 'function']);
});
