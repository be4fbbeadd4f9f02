import { execFileSync } from 'node:child_process';
import { rm, symlink } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { discover } from '#internal/source/discover';
import { type Files, Workspace } from '../support/workspace.ts';

async function discovered(files: Files): Promise<{ id: string; entry?: string; problem?: string }[]> {
  const workspace = await Workspace.create(
    Object.fromEntries(Object.entries(files).map(([name, content]) => [`plugins/${name}`, content])),
  );
  const { plugins } = await discover([workspace.path('plugins')]);
  return plugins.map(({ id, entry, problem }) => ({
    id,
    ...(problem === undefined
      ? { entry: entry.slice(workspace.path('plugins/').length) }
      : { problem: problem.message.replaceAll(workspace.path('plugins/'), '') }),
  }));
}

it('finds files of every kind of module, and folders with an index', async () => {
  expect(
    await discovered({
      'a.ts': '',
      'b.mts': '',
      'c.js': '',
      'd.mjs': '',
      'e.cjs': '',
      'f/index.ts': '',
      'g/index.mjs': '',
      'm/index.tsx': '',
      'n/index.cts': '',
      'f/index.tsx': '',
      'h.json': '',
      'i.txt': '',
      'j.cts': '',
      'k.tsx': '',
      l: '',
    }),
  ).toEqual([
    { id: 'a', entry: 'a.ts' },
    { id: 'b', entry: 'b.mts' },
    { id: 'c', entry: 'c.js' },
    { id: 'd', entry: 'd.mjs' },
    { id: 'e', entry: 'e.cjs' },
    { id: 'f', entry: 'f/index.ts' },
    { id: 'g', entry: 'g/index.mjs' },
    { id: 'm', entry: 'm/index.tsx' },
    { id: 'n', entry: 'n/index.cts' },
  ]);
});

const module = { 'index.ts': '', 'main.js': '', 'lib/index.js': '', 'src/main.ts': '' };

it.each<[what: string, packageJson: string, found: { entry: string } | { problem: string | RegExp }]>([
  ['its main', '{ "main": "./src/main.ts" }', { entry: 'p/src/main.ts' }],
  ['a main without an extension', '{ "main": "main" }', { entry: 'p/main.js' }],
  ['a main that is a folder', '{ "main": "./lib" }', { entry: 'p/lib/index.js' }],
  ['exports that are a path', '{ "exports": "./main.js", "main": "nothing" }', { entry: 'p/main.js' }],
  [
    'exports with conditions',
    '{ "exports": { "types": "./x.d.ts", "require": "./y.cjs", "default": "./main.js" } }',
    { entry: 'p/main.js' },
  ],
  [
    'exports with paths and conditions',
    '{ "exports": { "./sub": "./sub.js", ".": { "node": { "import": "./src/main.ts" } } } }',
    { entry: 'p/src/main.ts' },
  ],
  ['neither', '{ "type": "module" }', { entry: 'p/index.ts' }],
  ['exports without an entry', '{ "exports": { "./sub": "./sub.js" } }', { entry: 'p/index.ts' }],
  ['what is no package.json at all', 'null', { entry: 'p/index.ts' }],
  [
    'a main that is not there',
    '{ "main": "dist/x.js" }',
    { problem: "'p/package.json' names 'dist/x.js' as its entry, which is not there." },
  ],
  [
    'exports that leave out the extension',
    '{ "exports": "./main" }',
    { problem: /names '\.\/main' as its entry/ },
  ],
  [
    'a package.json that is not yet complete',
    '{ "main": ',
    { problem: /^'p\/package\.json' is not valid JSON: / },
  ],
])('takes for a folder with a package.json: %s', async (_what, packageJson, found) => {
  const files = Object.entries({ ...module, 'package.json': packageJson });
  const [plugin] = await discovered(
    Object.fromEntries(files.map(([name, content]) => [`p/${name}`, content])),
  );
  if ('entry' in found) expect(plugin).toEqual({ id: 'p', entry: found.entry });
  else expect(plugin?.problem).toMatch(found.problem);
});

it('says what a folder lacks, and how to leave it out', async () => {
  expect(await discovered({ 'empty/README.md': '' })).toEqual([
    {
      id: 'empty',
      problem: expect.stringMatching(
        /^The folder 'empty' has no index\.ts, index\.mts, index\.js, index\.mjs, index\.cjs, index\.cts, index\.tsx, index\.jsx and no package\.json .* start the name of the folder with _ if/,
      ),
    },
  ]);
});

it('takes one name for one, in whichever way Unicode writes it', async () => {
  expect(await discovered({ 'wu\u0308rfel.ts': '' })).toEqual([
    { id: 'w\u00fcrfel', entry: 'wu\u0308rfel.ts' },
  ]);
});

it('leaves out names behind which there is nothing any more', async () => {
  const names = Array.from({ length: 300 }, (_value, index) => `plugins/${4913 + index}`);
  const workspace = await Workspace.create(Object.fromEntries(names.map((name) => [name, ''])));
  // Many of the files vanish between the listing of the directory and the look at each.
  const looking = discover([workspace.path('plugins')]);
  await rm(workspace.path('plugins'), { recursive: true });
  expect((await looking).plugins).toEqual([]);
});

it('tells which directories are missing, and finds what is in the others', async () => {
  const workspace = await Workspace.create({ 'one/a.ts': '', 'two/b.ts': '', file: '' });
  await symlink('two', workspace.path('link'));
  const directories = ['one', 'absent', 'link', 'file'].map((name) => workspace.path(name));
  const { plugins, missing } = await discover(directories);
  expect(plugins.map(({ path }) => path)).toEqual([workspace.path('one/a.ts'), workspace.path('link/b.ts')]);
  expect(missing).toEqual([workspace.path('absent'), workspace.path('file')]);
});

it.runIf(process.platform !== 'win32')('does not wait for a package.json that is a pipe', async () => {
  const workspace = await Workspace.create({ 'p/index.ts': '' });
  execFileSync('mkfifo', [workspace.path('p/package.json')]);
  const { plugins } = await discover([workspace.root]);
  expect(plugins).toMatchObject([{ id: 'p', entry: workspace.path('p/index.ts') }]);
});
