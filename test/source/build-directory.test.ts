import { existsSync, readdirSync } from 'node:fs';
import { mkdir, readdir, rename, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, expect, it, onTestFinished, vi } from 'vitest';
import { BuildDirectory } from '#internal/source/build-directory';
import { isAbandoned, showLife } from '#internal/source/life-sign';
import { RunningProgram } from '../cli/program.ts';
import { retryAtOnce } from '../support/retry-at-once.ts';
import { type Bench, bench, benchIn, pluginSource, until, Workspace } from '../support/workspace.ts';

const DAY_MS = 24 * 3_600_000;

afterEach(() => void vi.unstubAllEnvs());

const FILES = { 'plugins/greeter.ts': pluginSource('greeter', `ctx.command('hello', () => 'hello');`) };

/** A temporary directory of the test's own, also for the programs that it starts. */
async function temporary(...below: string[]): Promise<Workspace> {
  const workspace = await Workspace.create();
  await mkdir(workspace.path('tmp', ...below), { recursive: true });
  vi.stubEnv('TMPDIR', workspace.path('tmp', ...below));
  return workspace;
}

function builds(workspace: Workspace, ...below: string[]): string[] {
  const temp = workspace.path('tmp', ...below);
  return readdirSync(temp).filter((name) => name.startsWith('bulkhead-builds-'));
}

it('removes what a bot that was killed has left, and nothing else', async () => {
  const workspace = await temporary();
  const config = JSON.stringify({ plugins: { defaults: { isolation: 'process' } } });
  const killed = await RunningProgram.ready({ ...FILES, 'bulkhead.config.json': config });
  const [left = ''] = builds(workspace);
  expect(readdirSync(workspace.path('tmp', left)).some((name) => name.startsWith('.process-'))).toBe(true);
  const names = readdirSync(workspace.path('tmp')).filter((name) => !name.startsWith('bulkhead-test-'));
  expect(names).toEqual([left]);
  const running = await RunningProgram.ready(FILES);
  const used = builds(workspace).filter((name) => name !== left);
  killed.child.kill('SIGKILL');
  await killed.ended;
  const unsigned = workspace.path('tmp/bulkhead-builds-unsigned');
  const otherSystem = workspace.path('tmp/bulkhead-builds-other');
  const linked = workspace.path('linked');
  for (const directory of [unsigned, otherSystem, linked]) await mkdir(directory);
  for (const directory of [otherSystem, linked]) (await showLife(directory))?.close();
  const [sign = ''] = await readdir(otherSystem);
  await rename(`${otherSystem}/${sign}`, `${otherSystem}/.lives-elsewhere`);
  const link = workspace.path('tmp/bulkhead-builds-link');
  await symlink(linked, link);
  for (const directory of [unsigned, otherSystem, link]) expect(await isAbandoned(directory)).toBe(false);

  const next = await RunningProgram.ready(FILES);
  await until(() => !builds(workspace).includes(left), 'the removal');
  next.child.stdin.end();
  expect(await next.ended).toEqual({ code: 0, signal: null });
  const kept = ['link', 'other', 'unsigned'].map((name) => `bulkhead-builds-${name}`);
  expect(builds(workspace).sort()).toEqual([...used, ...kept].sort());
  expect(existsSync(`${linked}/${sign}`)).toBe(true);
  running.send('!plugin reload greeter');
  await running.shows('greeter 1.0.0 reloaded');
});

it('says what to do if there is no temporary directory', async () => {
  const { manager } = benchIn(await Workspace.create(FILES), { hotReload: false });
  vi.stubEnv('TMPDIR', '/nowhere');
  const { failed } = await manager.loadAll();
  expect(failed[0]?.error.message).toMatch(
    /the temporary directory '\/nowhere' cannot be used \(ENOENT.*TMPDIR/,
  );
});

const MORTAL = pluginSource(
  'p',
  `const job = new URL('./_job.ts', import.meta.url);
  return { value: () => 1, die: () => process.exit(1), double: (n: number) => ctx.offload(job, n) };`,
);
interface Mortal {
  value(): number;
  die(): void;
  double(n: number): number;
}

/** A plugin that runs, and all builds removed. */
async function withoutBuilds(): Promise<Bench> {
  const temp = await temporary();
  const files = { 'p.ts': MORTAL, '_job.ts': 'export default (n: number) => n * 2;' };
  const plugin = await bench(files, { hotReload: false, defaults: { restart: { initialDelayMs: 1 } } });
  await plugin.manager.loadAll();
  expect(await plugin.manager.plugin<Mortal>('p').double(1)).toBe(2);
  for (const name of builds(temp)) await rm(temp.path('tmp', name), { recursive: true });
  return plugin;
}

it('makes builds anew when somebody clears the temporary directory', async () => {
  const { manager, next, log } = await withoutBuilds();
  const plugin = manager.plugin<Mortal>('p');
  const back = next('loaded');
  await expect(plugin.die()).rejects.toMatchObject({ code: 'ERR_PLUGIN_CRASHED' });
  expect(await back).toMatchObject({ name: 'p', generation: 2 });
  expect(await plugin.double(2)).toBe(4);
  const told = log.filter(({ level, text }) => level === 'warn' && /was removed from.*made anew/.test(text));
  expect(told).toHaveLength(1);
  await manager.reload('p');
  expect(await plugin.double(3)).toBe(6);
});

it('says what is missing when a build was removed that cannot be made anew', async () => {
  const { manager, workspace, next } = await withoutBuilds();
  const plugin = manager.plugin<Mortal>('p');
  await workspace.write({ 'plugins/p.ts': MORTAL.replace('value: () => 1', 'value: () => 2') });
  const failed = next('reload-failed');
  await expect(plugin.die()).rejects.toMatchObject({ code: 'ERR_PLUGIN_CRASHED' });
  const { error } = await failed;
  expect(error.message).toContain(workspace.path('plugins/p.ts'));
  expect(error.message).toMatch(
    /was removed from the temporary directory \(.*its files have changed since\. Save/,
  );
  await manager.reload('p');
  expect(await plugin.value()).toBe(2);
  await expect(manager.rollback('p')).rejects.toThrow(
    /earlier build of plugin 'p' was removed .* put its files back/,
  );
});

it('starts, and removes its own, where the path is too long for a sign', async () => {
  const below = 'long'.repeat(30);
  const workspace = await temporary(below);
  const program = await RunningProgram.ready(FILES);
  expect(builds(workspace, below)).toHaveLength(1);
  program.child.stdin.end();
  expect(await program.ended).toEqual({ code: 0, signal: null });
  expect(builds(workspace, below)).toEqual([]);
});

it('takes a directory for abandoned only when nobody listens any more', async () => {
  const workspace = await temporary();
  const directory = workspace.path('tmp');
  expect(await isAbandoned(directory)).toBe(false);
  const server = await showLife(directory);
  expect(await isAbandoned(directory)).toBe(false);
  server?.close();
  expect(await isAbandoned(directory)).toBe(true);
});

it('keeps builds from looking unused, however long the bot runs', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  const builds = new BuildDirectory();
  onTestFinished(() => builds.remove());
  const folder = await builds.of('dice');
  const file = join(folder, 'dice.1.mjs');
  await writeFile(file, '');
  const old = new Date(Date.now() - 10 * DAY_MS);
  const processFolder = builds.processFolder();
  const pluginsOwn = join(processFolder, 'own.txt');
  await writeFile(pluginsOwn, '');
  const paths = [file, folder, processFolder, dirname(folder)];
  for (const path of [pluginsOwn, ...paths]) await utimes(path, old, old);
  vi.advanceTimersByTime(DAY_MS);
  const times = async () =>
    (await Promise.all(paths.map((path) => stat(path)))).flatMap(({ atime, mtime }) => [atime, mtime]);
  await expect.poll(async () => (await times()).every((time) => time > old)).toBe(true);
  expect(await readdir(folder)).toEqual(['dice.1.mjs']);
  expect((await stat(pluginsOwn)).mtime).toEqual(old);
  await builds.remove();
  expect(vi.getTimerCount()).toBe(0);
});

/** A plugin that runs, and looks for changes all the time; what it was saved as could not be built. */
async function notBuilt(
  spoil: (temp: Workspace) => Promise<unknown>,
  before: number[] = [1],
): Promise<Bench & { error: Error }> {
  const source = (value: number) => pluginSource('p', `return { value: () => ${value} };`);
  retryAtOnce();
  const plugin = await bench({}, { hotReload: { debounceMs: 5, sweepMs: 0 } });
  const { manager, workspace, next } = plugin;
  await workspace.write({ 'plugins/_none.ts': '' });
  const save = async (value: number) => {
    await workspace.write({ 'p.ts': source(value) });
    await rename(workspace.path('p.ts'), workspace.path('plugins/p.ts'));
  };
  const temp = await temporary();
  await manager.loadAll();
  for (const [index, value] of before.entries()) {
    const serves = next(index === 0 ? 'loaded' : 'reloaded');
    await save(value);
    await serves;
  }
  await spoil(temp);
  const failed = next('reload-failed');
  await save(9);
  const { error, generation } = await failed;
  expect(generation).toBe(before.length);
  expect(await manager.plugin<Mortal>('p').value()).toBe(before.at(-1));
  return { ...plugin, error };
}

/** Something is where builds of the plugin are to be written, and can be removed again. */
function inTheWay() {
  let files: string[] = [];
  const spoil = async (temp: Workspace) => {
    const [made = ''] = builds(temp);
    const folder = temp.path('tmp', made, 'p');
    // They are counted in this process.
    const last = Math.max(...readdirSync(folder).map((name) => Number(name.split('.')[1])));
    files = Array.from({ length: 200 }, (_, index) => join(folder, `p.${last + 1 + index}.mjs`));
    for (const file of files) await mkdir(file);
  };
  const remove = async () => {
    for (const file of files) await rm(file, { recursive: true, force: true });
  };
  return { spoil, remove, remains: () => files.flatMap((file) => [`${file}.map`]).filter(existsSync) };
}

it('builds what was saved while there was no temporary directory, once there is one again', async () => {
  let temp = '';
  const { error, seen, next, manager } = await notBuilt(async (workspace) => {
    temp = workspace.path('tmp');
    await rename(temp, workspace.path('away'));
  });
  expect(error.message).toMatch(/the temporary directory '.*' cannot be used \(ENOENT/);
  await until(() => seen('reload-failed').length > 1, 'the next try');
  const reloaded = next('reloaded');
  await mkdir(temp);
  await reloaded;
  expect(await manager.plugin<Mortal>('p').value()).toBe(9);
});

it('builds what was saved while nothing could be written, once it can, and leaves no remains', async () => {
  const { spoil, remove, remains } = inTheWay();
  const { error, seen, next, manager } = await notBuilt(spoil);
  expect(error.message).toMatch(/Failed to write to output file.*The temporary directory is full, or cannot/);
  // A build ahead of time may still be under way.
  await until(() => remains().length === 0, 'the removal of what was written');
  await until(() => seen('reload-failed').length > 1, 'the next try');
  const reloaded = next('reloaded');
  await remove();
  await reloaded;
  expect(await manager.plugin<Mortal>('p').value()).toBe(9);
});

it('stays with the version that it was rolled back to, although the newest was not built', async () => {
  const { spoil, remove } = inTheWay();
  const { manager, workspace, next } = await notBuilt(spoil, [1, 2]);
  await manager.rollback('p');
  await remove();
  const loaded = next('loaded');
  await workspace.write({ 'plugins/other.ts': pluginSource('other', '') });
  await loaded;
  // Waits for what is done with the plugin.
  await manager.clearState('p');
  expect(await manager.plugin<Mortal>('p').value()).toBe(1);
});
