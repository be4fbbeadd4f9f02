import { execFileSync } from 'node:child_process';
import { existsSync, promises } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { basename, resolve } from 'node:path';
import type { CrashReport } from 'bulkhead';
import { expect, it, onTestFinished } from 'vitest';
import { type Bench, benchIn, loadedBench, pluginSource, until, Workspace } from '../support/workspace.ts';

const DYING = pluginSource(
  'dying',
  `const fail = () => { throw new TypeError('the last straw'); };
    return {
      talk: (lines: number) => {
        for (let i = 0; i < lines; i++) i % 2 === 0 ? console.log('line ' + i) : ctx.log.warn('line ' + i);
        setImmediate(() => { process.stdout.write('last words, no newline'); fail(); });
      },
      leave: () => { console.error('leaving'); process.exit(3); },
      stick: () => { ctx.log.info('about to'); console.log('get'); process.stdout.write('stuck\\n'); for (;;); },
    };`,
);
interface Dying {
  talk(lines: number): void;
  leave(): void;
  stick(): void;
}

it('reports a crash with the last log lines in order, the stack in the author’s lines and the usage', async () => {
  const { manager, workspace, next, log } = await loadedBench({ 'dying.ts': DYING }, { hotReload: false });
  const crashed = next('crashed');
  await manager
    .plugin<Dying>('dying')
    .talk(60)
    .catch(() => {});
  const { report, uptimeMs } = await crashed;
  expect(report).toMatchObject({
    plugin: 'dying',
    generation: 1,
    reason: 'uncaught-exception',
    message: expect.stringContaining('the last straw'),
    uptimeMs,
  });
  expect(report.stack).toContain(`fail (${workspace.path('plugins/dying.ts')}:`);
  const expected = Array.from({ length: 49 }, (_, i) => ({
    level: i % 2 === 0 ? 'warn' : 'info',
    text: `line ${i + 11}`,
  }));
  expect(report.log).toMatchObject([...expected, { level: 'info', text: 'last words, no newline' }]);
  expect(report.usage?.heapBytes).toBeGreaterThan(0);
  // What the report has is what the log had, all 61 lines.
  const texts = log.map(({ text }) => text).filter((text) => /^(line|last words)/.test(text));
  expect(texts).toHaveLength(61);
  expect(texts.slice(-50)).toEqual(report.log.map(({ text }) => text));
});

it('reports what was logged just before a plugin got stuck', async () => {
  const { manager, next } = await loadedBench(
    { 'dying.ts': DYING },
    { hotReload: false, defaults: { hangMs: 1_000 } },
  );
  const crashed = next('crashed');
  await manager
    .plugin<Dying>('dying')
    .stick()
    .catch(() => {});
  const { report } = await crashed;
  expect(report.reason).toBe('hung');
  expect(report.log.map(({ text }) => text)).toEqual(['about to', 'get', 'stuck']);
});

it('writes the reports to files, and keeps the last 20', async () => {
  const restart = { initialDelayMs: 1, maxDelayMs: 1, maxCrashes: 100 };
  const old = Array.from({ length: 20 }, (_, n) => `crashes/dying/2020-01-01T00-00-00-000Z-${n + 10}.json`);
  const workspace = await Workspace.create({
    'plugins/dying.ts': DYING,
    ...Object.fromEntries(old.map((name) => [name, '{}'])),
  });
  const { manager, next, seen } = benchIn(workspace, {
    hotReload: false,
    crashDir: workspace.path('crashes'),
    defaults: { restart },
  });
  await manager.loadAll();
  await leaveAndReturn(manager, next);
  await leaveAndReturn(manager, next);
  await manager.unloadAll();
  const files = (await readdir(workspace.path('crashes/dying'))).sort();
  expect(files).toHaveLength(20);
  expect(files.slice(0, 18)).toEqual(old.slice(2).map((name) => basename(name)));
  const newest = JSON.parse(
    await readFile(workspace.path('crashes/dying', files.at(-1)!), 'utf8'),
  ) as CrashReport;
  expect(newest).toEqual(JSON.parse(JSON.stringify(seen('crashed').at(-1)!.report)));
  expect(newest).toMatchObject({
    generation: 2,
    reason: 'exit',
    log: [{ level: 'error', text: 'leaving' }],
  });
});

it.each([
  ['in the place of a file', '/dev/null/crashes'],
  ['where nobody may make a directory', '/sys/crashes'],
  ['in the place of a pipe', 'pipe'],
])('says if a report cannot be written %s, and goes on', async (_where, crashDir) => {
  const workspace = await Workspace.create({ 'plugins/dying.ts': DYING });
  execFileSync('mkfifo', [workspace.path('pipe')]);
  const { manager, next, log } = benchIn(workspace, {
    hotReload: false,
    crashDir: resolve(workspace.root, crashDir),
    defaults: { restart: { initialDelayMs: 1 } },
  });
  await manager.loadAll();
  await leaveAndReturn(manager, next);
  await until(() => log.some(({ text }) => text.includes('could not be written')));
});

it('holds up neither a restart nor the end for a report whose place never answers', async () => {
  const workspace = await Workspace.create({ 'plugins/dying.ts': DYING });
  let asked = 0;
  const { mkdir } = promises;
  replaceMkdir(async (...args: Parameters<typeof mkdir>) => {
    if (!String(args[0]).startsWith(workspace.path('crashes'))) return mkdir(...args);
    asked++;
    return new Promise(() => {});
  });
  onTestFinished(() => replaceMkdir(mkdir));
  const { manager, next } = benchIn(workspace, {
    hotReload: false,
    crashDir: workspace.path('crashes'),
    defaults: { restart: { initialDelayMs: 1, maxDelayMs: 1 } },
  });
  await manager.loadAll();
  await leaveAndReturn(manager, next);
  await leaveAndReturn(manager, next);
  expect(asked).toBe(1);
  await manager.unloadAll();
  expect(existsSync(workspace.path('crashes'))).toBe(false);
});

/** For everybody in this process: as if the file system did it. */
function replaceMkdir(mkdir: (...args: Parameters<typeof promises.mkdir>) => Promise<unknown>): void {
  Object.assign(promises, { mkdir });
  syncBuiltinESMExports();
}

/** Resolves when the plugin has ended itself and was started again. */
async function leaveAndReturn(manager: Bench['manager'], next: Bench['next']): Promise<void> {
  const restarted = next('loaded');
  const left = manager.plugin<Dying>('dying').leave();
  await left.catch(() => {});
  await restarted;
}

it('reports one that ends before it serves, with its last words, to a file', async () => {
  const workspace = await Workspace.create({
    'plugins/early.ts': pluginSource('early', `console.log('so close'); process.exit(4);`),
  });
  const { manager, seen } = benchIn(workspace, {
    hotReload: false,
    crashDir: workspace.path('crashes'),
    defaults: { restart: { initialDelayMs: 60_000 } },
  });
  const { failed } = await manager.loadAll();
  expect(failed[0]?.error).toMatchObject({ code: 'ERR_PLUGIN_SETUP' });
  await manager.unloadAll();
  const [file] = await readdir(workspace.path('crashes/early'));
  expect(JSON.parse(await readFile(workspace.path('crashes/early', String(file)), 'utf8'))).toMatchObject({
    plugin: 'early',
    generation: 1,
    reason: 'exit',
    uptimeMs: 0,
    log: [{ text: 'so close' }],
  });
  expect(seen('crashed')).toEqual([]);
});
