import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const SRC = fileURLToPath(new URL('../src', import.meta.url));

/** What each part may import, beside itself. Everything points downward. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  plain: [],
  wire: ['plain'],
  source: ['plain', 'wire'],
  isolate: ['plain', 'wire', 'source'],
  runtime: ['plain', 'wire'],
  child: ['wire', 'isolate'],
  supervise: ['plain', 'wire types', 'isolate'],
  platform: ['plain', 'wire', 'isolate'],
  reload: ['plain', 'wire', 'source', 'isolate', 'platform', 'supervise'],
  manager: ['plain', 'wire', 'isolate', 'source', 'platform', 'reload', 'supervise', 'runtime types'],
  index: ['plain', 'manager', 'platform', 'reload', 'runtime types'],
  plugin: ['runtime'],
  bots: ['index', 'plain'],
  cli: ['index', 'bots', 'plain'],
};
const PLAIN = [
  'check-options',
  'conditions',
  'errors',
  'esbuild-process',
  'get-or-make',
  'instead-of-function',
  'lacking',
  'late-timeout',
  'nearest',
  'options',
  'options-schema',
  'lifecycle',
  'permissions',
  'status',
  'turns',
  'unbundled',
  'units',
  'unused-entries',
  'v8-flags',
  'with-resolvers',
  'within',
];

function partOf(file: string): string {
  const path = relative(SRC, file);
  const [first = ''] = path.split('/');
  const name = first.replace(/\.ts$/, '');
  return PLAIN.includes(name) ? 'plain' : name;
}

function* imports(file: string): Generator<{ target: string; typeOnly: boolean }> {
  const text = readFileSync(file, 'utf8');
  for (const match of text.matchAll(/^(?:import|export)\s(type\s)?[^;'"]*?from '(\.[^']+)'/gm)) {
    yield { target: join(dirname(file), match[2] as string), typeOnly: match[1] !== undefined };
  }
}

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => join(SRC, name));

it.each(files.map((file) => [relative(SRC, file), file]))(
  '%s imports only what lies below it',
  (_name, file) => {
    const part = partOf(file);
    const allowed = MAY_IMPORT[part];
    expect(allowed, `src/${part} has no rule; add one here and to the README`).toBeDefined();
    for (const { target, typeOnly } of imports(file)) {
      const to = partOf(target);
      const permitted =
        to === part || allowed?.includes(to) || (typeOnly && allowed?.includes(`${to} types`));
      expect(permitted, `${relative(SRC, file)} imports ${relative(SRC, target)}`).toBe(true);
    }
  },
);

it('names no part that does not exist', () => {
  const parts = new Set(files.map(partOf));
  expect(Object.keys(MAY_IMPORT).filter((part) => !parts.has(part))).toEqual([]);
});
