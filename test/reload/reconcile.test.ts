import { BulkheadError } from 'bulkhead';
import { expect, it } from 'vitest';
import { type KnownPlugin, type Plan, reconcile } from '#internal/reload/reconcile';
import type { Discovered } from '#internal/source/discover';

const problem = new BulkheadError('ERR_PLUGIN_ENTRY', 'no index');
const found = (path: string, entry = path): Discovered => ({ id: path.replace(/\.\w+$/, ''), path, entry });
const broken = (path: string): Discovered => ({ ...found(path), problem });
const known = (path: string, rest: Partial<KnownPlugin> = {}): KnownPlugin => ({
  id: path.replace(/\.\w+$/, ''),
  path,
  entry: path,
  difference: 'same',
  hasLoaded: true,
  problem: undefined,
  ...rest,
});

const TABLE: [when: string, found: Discovered[], known: KnownPlugin[], plans: Plan[], leftOut?: string[]][] =
  [
    ['nothing is there and nothing was', [], [], []],
    ['nothing differs', [found('a.ts')], [known('a.ts')], []],
    ['a plugin is new', [found('a.ts')], [], [{ kind: 'load', found: found('a.ts') }]],
    ['something new cannot be loaded', [broken('a')], [], [{ kind: 'load', found: broken('a') }]],
    [
      'a file changed',
      [found('a.ts')],
      [known('a.ts', { difference: 'changed' })],
      [{ kind: 'reload', found: found('a.ts') }],
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
      [{ kind: 'reload', found: found('a', 'a/index.ts') }],
    ],
    [
      'a folder has another entry',
      [found('a', 'a/b.ts')],
      [known('a', { entry: 'a/index.ts' })],
      [{ kind: 'reload', found: found('a', 'a/b.ts') }],
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
      [{ kind: 'reload', found: broken('a') }],
    ],
    [
      'nothing was done about what could not be loaded',
      [broken('a')],
      [known('a', { hasLoaded: false, problem, difference: 'changed' })],
      [],
    ],
    [
      'what could not be loaded was put right',
      [found('a')],
      [known('a', { hasLoaded: false, problem })],
      [{ kind: 'reload', found: found('a') }],
    ],
    [
      'a new id has two entries',
      [found('a.js'), found('a.ts')],
      [],
      [
        { kind: 'load', found: found('a.js') },
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
      'the entry of a known id is gone, and another there that was left out',
      [found('a.js')],
      [known('a.ts')],
      [
        { kind: 'missing', id: 'a', next: found('a.js') },
        { kind: 'duplicate', found: found('a.js'), other: 'a.ts' },
      ],
      ['a.js'],
    ],
    [
      'the entry of a known id is gone, and of two others one was left out',
      [found('a.js'), found('a.mjs')],
      [known('a.ts')],
      [
        { kind: 'reload', found: found('a.mjs') },
        { kind: 'duplicate', found: found('a.js'), other: 'a.mjs' },
      ],
      ['a.js'],
    ],
    [
      'the entry of what never loaded is gone, and another there that was left out',
      [found('a.js')],
      [known('a.ts', { hasLoaded: false })],
      [{ kind: 'reload', found: found('a.js') }],
      ['a.js'],
    ],
    [
      'the entry of a known id is gone, and another there that is new',
      [found('a.js')],
      [known('a.ts')],
      [{ kind: 'reload', found: found('a.js') }],
    ],
    [
      'several things happen',
      [found('b.ts'), found('c.ts')],
      [known('a.ts'), known('b.ts', { difference: 'changed' })],
      [
        { kind: 'missing', id: 'a' },
        { kind: 'reload', found: found('b.ts') },
        { kind: 'load', found: found('c.ts') },
      ],
    ],
  ];

it.each(TABLE)('plans what has to be done when %s', (_when, discovered, plugins, plans, leftOut = []) => {
  expect(reconcile(discovered, plugins, new Set(leftOut))).toEqual(plans);
});
