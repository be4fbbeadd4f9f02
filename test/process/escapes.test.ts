import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Permissions, PluginOptions } from 'bulkhead';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { benchIn, pluginSource, Workspace } from '../support/workspace.ts';

/** What a plugin tries, by its row in the README: code that throws, or returns `false`, if it did not work. */
const ATTEMPTS: Record<string, string> = {
  "reads the host's environment in `/proc/self/environ`": `return fs.readFileSync('/proc/self/environ').length > 0;`,
  'reads it in `/proc/<pid of the host>/environ`': `return fs.readFileSync('/proc/' + host + '/environ').length > 0;`,
  'reads any file': `return fs.readFileSync('/etc/passwd').length > 0;`,
  "reads it through `process.binding('fs')`": `return typeof process.binding('fs').open === 'function';`,
  'writes any file': `fs.writeFileSync(file, 'x'); return true;`,
  'writes it through `node:sqlite`': `const { DatabaseSync } = await import(['node', 'sqlite'].join(':')); new DatabaseSync(file + '.db').exec('CREATE TABLE t(a)'); return true;`,
  'uses an open descriptor of the host': `return fs.fstatSync(descriptor).ino === inode;`,
  'evaluates code in the host through the inspector': `return evaluate(get('node:inspector'));`,
  'the same, by an `import()` of a name made at run time': `return evaluate(await import(['node', 'inspector'].join(':')));`,
  'starts a program': `return String(get('node:child_process').execFileSync('echo', ['x'])) === 'x\\n';`,
  'starts a thread of its own': `return new Promise((resolve, reject) => new (get('node:worker_threads').Worker)('', { eval: true, execArgv: [] }).on('error', reject).on('exit', () => resolve(true)));`,
  'opens a server': `return new Promise((resolve, reject) => { const server = get('node:net').createServer().on('error', reject).listen(0, () => server.close(() => resolve(true))); });`,
  'opens one, by an `import()` of a name made at run time': `const net = await import(['node', 'net'].join(':')); return new Promise((resolve, reject) => { const server = net.createServer().on('error', reject).listen(0, () => server.close(() => resolve(true))); });`,
  'sends a signal to the host': `return process.kill(host, 0);`,
  "changes the host's `Object.prototype`": `Object.prototype.changed = true; return ctx.bot.isChanged();`,
};
const NAMES = Object.keys(ATTEMPTS);

const NONE: Permissions = { net: [], childProcess: [], worker: [], addons: [] };
const canDenyNet = process.allowedNodeEnvironmentFlags.has('--allow-net');
const { net: _, ...noneButNet } = NONE;
const TIERS: Record<string, PluginOptions> = {
  thread: { isolation: 'thread' },
  'thread, all denied': { isolation: 'thread', permissions: NONE },
  process: { isolation: 'process' },
  'process, all denied': {
    isolation: 'process',
    permissions: { read: [], write: [], ...(canDenyNet ? NONE : noneButNet) },
  },
};

const SOURCE = pluginSource(
  'escapes',
  `const get = (name) => process.getBuiltinModule(name);
    const fs = get('node:fs');
    const { host, file, descriptor, inode } = ctx.config;
    const evaluate = ({ Session }) => new Promise((resolve, reject) => {
      const session = new Session();
      session.connectToMainThread();
      const expression = 'process.pid';
      session.post('Runtime.evaluate', { expression }, (error, answer) => error ? reject(error) : resolve(answer.result.value === host));
    });
    return { ${NAMES.map((_name, index) => `a${index}: async () => { ${Object.values(ATTEMPTS)[index]} }`).join(',\n')} };`,
);

/** The cells of the README's table, by row and column. */
function documented(): Map<string, string[]> {
  const readme = readFileSync(fileURLToPath(new URL('../../README.md', import.meta.url)), 'utf8');
  const rows = readme.split('\n').filter((line) => line.startsWith('| '));
  return new Map(
    rows.map((row) => {
      const [name = '', ...cells] = row.slice(2, -2).split(' | ');
      return [name, cells];
    }),
  );
}

let descriptor: number;
beforeAll(() => {
  descriptor = openSync(fileURLToPath(import.meta.url), 'r');
});
afterAll(() => closeSync(descriptor));

it.each(Object.keys(TIERS))('in the tier "%s", what works is what the README says', async (tier) => {
  const workspace = await Workspace.create({ 'plugins/escapes.js': SOURCE });
  const { manager } = benchIn(workspace, {
    hotReload: false,
    bot: { isChanged: () => 'changed' in {} },
    defaults: TIERS[tier] as PluginOptions,
    config: {
      escapes: {
        host: process.pid,
        file: workspace.path('escaped'),
        descriptor,
        inode: fstatSync(descriptor).ino,
      },
    },
  });
  const { failed } = await manager.loadAll();
  expect(failed).toEqual([]);
  const plugin = manager.plugin<Record<string, () => boolean>>('escapes');
  const rows = documented();
  const column = Object.keys(TIERS).indexOf(tier);
  const outcomes: Record<string, string> = {};
  const expected: Record<string, string> = {};
  for (const [index, name] of NAMES.entries()) {
    const works = await Promise.resolve(plugin[`a${index}`]?.()).catch(() => false);
    outcomes[name] = works ? 'works' : 'refused';
    expected[name] = onThisNode(rows.get(name)?.[column] ?? 'not in the README');
  }
  expect(outcomes).toEqual(expected);
});

/** `works, refused from 22` is one or the other. */
function onThisNode(cell: string): string {
  const [before = '', after, since] = /^(\w+)(?:, (\w+) from ([\d.]+))?$/.exec(cell)?.slice(1) ?? [cell];
  if (after === undefined) return before;
  return process.versions.node.localeCompare(String(since), undefined, { numeric: true }) >= 0
    ? after
    : before;
}

it('opens no inspector in the process of a plugin on SIGUSR1, which the plugin could send', async () => {
  const workspace = await Workspace.create({
    'plugins/a.js': pluginSource(
      'a',
      `return { open: () => process.kill(process.pid, 'SIGUSR1'), ok: () => 'ok' };`,
    ),
  });
  const { manager, log } = benchIn(workspace, { hotReload: false, defaults: { isolation: 'process' } });
  await manager.loadAll();
  const plugin = manager.plugin<{ open(): void; ok(): string }>('a');
  await plugin.open();
  for (let n = 0; n < 200; n++) expect(await plugin.ok()).toBe('ok');
  await manager.unloadAll();
  expect(log.map(({ text }) => text).join()).not.toContain('Debugger');
});
