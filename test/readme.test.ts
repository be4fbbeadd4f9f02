import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ERROR_CODES, PLUGIN_STATES, TRANSITIONS } from 'bulkhead';
import { expect, it } from 'vitest';
import { HELP } from '#internal/cli/arguments';
import { DEFAULTS } from '#internal/options';
import { Workspace } from './support/workspace.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const README = readFileSync(`${ROOT}README.md`, 'utf8');
const run = promisify(execFile);

function blocks(language: string): string[] {
  return [...README.matchAll(new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, 'gs'))].map(
    (match) => match[1] as string,
  );
}

it('draws the states and moves of the table', () => {
  const [diagram = ''] = blocks('mermaid');
  const drawn = [...diagram.matchAll(/^ +(\w+) --> (\w+)$/gm)].map(([, from, to]) => `${from} --> ${to}`);
  const expected = PLUGIN_STATES.flatMap((from) => TRANSITIONS[from].map((to) => `${from} --> ${to}`));
  expect(drawn.sort()).toEqual(expected.sort());
});

it('lists every error code with its meaning', () => {
  const listed = Object.fromEntries(
    [...README.matchAll(/^\| `(ERR_\w+)` \| (.*) \|$/gm)].map(([, code, text]) => [code, text]),
  );
  expect(listed).toEqual(ERROR_CODES);
});

it('lists every option with its default', () => {
  const rows = [...README.matchAll(/^\| `([\w.]+)` \| `(.*?)` \|/gm)].map(([, name, value]) => [
    name as string,
    value,
  ]);
  const listed = Object.fromEntries(rows);
  for (const [name, value] of Object.entries(flatten({ ...DEFAULTS.plugin, ...DEFAULTS.hotReload }))) {
    expect(listed[name], name).toBe(typeof value === 'string' ? `'${value}'` : JSON.stringify(value));
  }
  for (const name of ['standbys', 'maxPlugins', 'concurrency'] as const)
    expect(listed[name]).toBe(String(DEFAULTS[name]));
});

it('lists every status event with what comes with it', () => {
  const source = readFileSync(`${ROOT}src/status.ts`, 'utf8');
  const [, members = ''] = /interface StatusEvents \{\n(.*?\n)\}/s.exec(source) ?? [];
  const table = README.slice(README.indexOf('| event | with |'), README.indexOf('## Errors'));
  const rows = Object.fromEntries(
    [...table.matchAll(/^\| `([\w-]+)` \| (.*) \|$/gm)].map(([, name, text]) => [name as string, text]),
  );
  const events = [...members.matchAll(/^ {2}'?([\w-]+)'?: Base(.*?);\n(?= {2}[/'\w]|$)/gms)];
  expect(Object.keys(rows)).toEqual(events.map(([, name]) => name));
  for (const [, name, fields = ''] of events) {
    const withoutComments = fields.replace(/\/\*\*.*?\*\//gs, '');
    for (const [, field] of withoutComments.matchAll(/(\w+):/g))
      expect(rows[name as string]).toContain(`\`${field}\``);
  }
});

it('lists every option of the program', () => {
  const options = [...HELP.matchAll(/^ {2}(?:-\w, )?(--[\w-]+)/gm)].map(([, option]) => option as string);
  expect(options.length).toBeGreaterThan(5);
  const section = README.slice(README.indexOf('## The program'), README.indexOf('## Configuration file'));
  for (const option of options) expect(section).toContain(`\`${option}`);
});

it('has code that compiles', async () => {
  const workspace = await Workspace.create({
    'tsconfig.json': JSON.stringify({
      extends: `${ROOT}tsconfig.json`,
      compilerOptions: {
        paths: {
          bulkhead: [`${ROOT}dist/index.d.ts`],
          'bulkhead/plugin': [`${ROOT}dist/plugin.d.ts`],
          zod: [`${ROOT}node_modules/zod/index.d.ts`],
        },
        typeRoots: [`${ROOT}node_modules/@types`],
        noUnusedLocals: false,
        noUnusedParameters: false,
      },
      include: ['*.ts'],
      exclude: [],
    }),
    'package.json': '{ "type": "module" }',
  });
  for (const [index, code] of blocks('ts').entries()) await workspace.write({ [`block-${index}.ts`]: code });
  const tsc = `${ROOT}node_modules/typescript/bin/tsc`;
  const { stdout } = await run(process.execPath, [tsc, '-p', workspace.root]).catch(
    (error: { stdout: string }) => error,
  );
  expect(stdout).toBe('');
});

function flatten(value: object, prefix = ''): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]) =>
      typeof inner === 'object' && !Array.isArray(inner)
        ? Object.entries(flatten(inner, `${prefix}${key}.`))
        : [[prefix + key, inner]],
    ),
  );
}
