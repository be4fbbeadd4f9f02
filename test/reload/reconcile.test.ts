import { BulkheadError } from 'bulkhead';
import { expect, it } from 'vitest';
import { type KnownPlugin, type Plan, reconcile } from '#internal/reload/reconcile';
import type { Discovered } from '#internal/source/discover';

const problem = new BulkheadError('ERR_PLUGIN_ENTRY', 'no index');
const found = (path: string, entry: string | undefined = path): Discovered => {
  const id = path.replace(/\.\w+$/, '');
  return entry === undefined ? { id, path, problem } : { id, path, entry };
};
const broken = (path: string): Discovered => ({ id: path.replace(/\.\w+$/, ''), path, problem });
const known = (path: string, rest: Partial<KnownPlugin> = {}): KnownPlugin => ({
  id: path.replace(/\.\w+$/, ''),
  path,
  entry: path,
  difference: 'same',
  hasLoaded: true,
  ...rest,
});

const TABLE: [when: string, found: Discovered[], known: KnownPlugin[], plans: Plan[]][] = [
  ['nothing is there and nothing was', [], [], []],
  ['nothing differs', [found('a.ts')], [known('a.ts')], []],
  ['a plugin is new', [found('a.ts')], [], [{ kind: 'load', found: found('a.ts') as never }]],
  ['something new cannot be loaded', [broken('a')], [], [{ kind: 'refuse', found: broken('a') }]],
  [
    'a file changed',
    [found('a.ts')],
    [known('a.ts', { difference: 'changed' })],
    [{ kind: 'reload', id: 'a', path: 'a.ts', entry: 'a.ts' }],
  ],
  [
    'a file was only touched',
    [found('a.ts')],
    [known('a.ts', { difference: 'touched' })],
    [{ kind: 'unchanged', id: 'a' }],
  ],
  ['a file is not there', [], [known('a.ts')], [{ kind: 'missing', id: 'a' }]],
  [
    'a file is not there and its inputs differ',
    [],
    [known('a.ts', { difference: 'changed' })],
    [{ kind: 'missing', id: 'a' }],
  ],
  [
    'a file became a folder',
    [found('a', 'a/index.ts')],
    [known('a.ts')],
    [{ kind: 'reload', id: 'a', path: 'a', entry: 'a/index.ts' }],
  ],
  [
    'a folder has another entry',
    [found('a', 'a/b.ts')],
    [known('a', { entry: 'a/index.ts' })],
    [{ kind: 'reload', id: 'a', path: 'a', entry: 'a/b.ts' }],
  ],
  [
    'a folder lost its entry',
    [broken('a')],
    [known('a', { difference: 'changed' })],
    [{ kind: 'keep', found: broken('a') }],
  ],
  [
    'a folder lost its entry before it ever loaded',
    [broken('a')],
    [known('a', { hasLoaded: false })],
    [{ kind: 'refuse', found: broken('a') }],
  ],
  [
    'a new id has two entries',
    [found('a.js'), found('a.ts')],
    [],
    [
      { kind: 'load', found: found('a.js') as never },
      { kind: 'duplicate', found: found('a.ts'), other: 'a.js' },
    ],
  ],
  [
    'a known id has two entries',
    [found('a.js'), found('a.ts')],
    [known('a.ts')],
    [{ kind: 'duplicate', found: found('a.js'), other: 'a.ts' }],
  ],
  [
    'the entry of a known id is gone, and another there',
    [found('a.js')],
    [known('a.ts')],
    [{ kind: 'reload', id: 'a', path: 'a.js', entry: 'a.js' }],
  ],
  [
    'several things happen',
    [found('b.ts'), found('c.ts')],
    [known('a.ts'), known('b.ts', { difference: 'changed' })],
    [
      { kind: 'missing', id: 'a' },
      { kind: 'reload', id: 'b', path: 'b.ts', entry: 'b.ts' },
      { kind: 'load', found: found('c.ts') as never },
    ],
  ],
];

it.each(TABLE)('plans what has to be done when %s', (_when, discovered, plugins, plans) => {
  expect(reconcile(discovered, plugins)).toEqual(plans);
});
