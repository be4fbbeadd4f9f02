import { readdirSync } from 'node:fs';
import { rename, utimes, writeFile } from 'node:fs/promises';
import { expect, it, onTestFinished, vi } from 'vitest';
import { EarlyBuilds } from '#internal/reload/early-builds';
import { type Build, buildPlugin } from '#internal/source/build';
import { benchIn, type Files, pluginSource, until, Workspace } from '../support/workspace.ts';
import { currentValue, valued } from './values.ts';

/** Slots are held by identity; of theirs, only the entry counts. */
type Slot = Parameters<EarlyBuilds['begin']>[0];

const DICE = { 'plugins/dice.ts': valued('dice', 1) };

async function started() {
  const workspace = await Workspace.create({ 'dice.ts': valued('dice', 1), 'other.ts': valued('other', 1) });
  const made: Build[] = [];
  const discarded: Build[] = [];
  const early = new EarlyBuilds({
    build: async (_slot, entry) => {
      const build = await buildPlugin(entry, workspace.path('builds'));
      made.push(build);
      return build;
    },
    discard: (build) => void discarded.push(build),
  });
  const slot = (file: string) => ({ entry: workspace.path(file) }) as Slot;
  return { workspace, early, slot, made, discarded };
}

/** A bench, and the names of the builds that there are. */
async function benchWithBuilds(files: Files, debounceMs: number) {
  const workspace = await Workspace.create({ ...files, 'tmp/none': '' });
  vi.stubEnv('TMPDIR', workspace.path('tmp'));
  onTestFinished(() => void vi.unstubAllEnvs());
  const bench = benchIn(workspace, { hotReload: { debounceMs } });
  await bench.manager.loadAll();
  const folders = () => readdirSync(workspace.path('tmp')).filter((name) => name.startsWith('bulkhead-'));
  const [folder] = folders();
  const builds = () =>
    readdirSync(workspace.path('tmp', folder!), { encoding: 'utf8', recursive: true }).filter((name) =>
      name.endsWith('.mjs'),
    );
  expect(builds()).toHaveLength(1);
  return { ...bench, folders, builds };
}

it('builds what was saved long before the quiet time is over, and leaves nothing behind', async () => {
  const { manager, workspace, folders, builds } = await benchWithBuilds(DICE, 20_000);
  await writeFile(workspace.path('plugins/dice.ts'), valued('dice', 2));
  await until(() => builds().length === 2, 'the early build');
  expect(await currentValue(manager, 'dice')).toBe(1);
  await manager.unloadAll();
  expect(folders()).toEqual([]);
});

it('loads what it has built early', async () => {
  const { manager, workspace, next, builds } = await benchWithBuilds(DICE, 1_000);
  await workspace.write({ 'new.ts': valued('dice', 2) });
  const reloaded = next('reloaded');
  // At one stroke: of two events, the second would begin another build.
  await rename(workspace.path('new.ts'), workspace.path('plugins/dice.ts'));
  const both = await until(() => builds().length === 2 && builds(), 'the early build');
  await reloaded;
  expect(await currentValue(manager, 'dice')).toBe(2);
  expect(builds()).toEqual(both);
});

it('loads what was saved last, whatever it has built before', async () => {
  const { manager, workspace, next, builds } = await benchWithBuilds(DICE, 3_000);
  const reloaded = next('reloaded');
  await writeFile(workspace.path('plugins/dice.ts'), valued('dice', 2));
  await until(() => builds().length === 2, 'the early build');
  await writeFile(workspace.path('plugins/dice.ts'), valued('dice', 3));
  await reloaded;
  expect(await currentValue(manager, 'dice')).toBe(3);
  await until(() => builds().length === 2, 'the end of the one that was of no use');
});

it('drops what it has built of a file that is as it was in the end', async () => {
  const { workspace, next, builds } = await benchWithBuilds(DICE, 3_000);
  const unchanged = next('unchanged');
  await writeFile(workspace.path('plugins/dice.ts'), valued('dice', 2));
  await until(() => builds().length === 2, 'the early build');
  await writeFile(workspace.path('plugins/dice.ts'), valued('dice', 1));
  await unchanged;
  await until(() => builds().length === 1, 'its end');
});

it('builds anew when a module came meanwhile that is now the one which is imported', async () => {
  const source = (n: number) =>
    `import { value } from './lib/value'; ${pluginSource('dice', `return { value: () => [${n}, value] };`)}`;
  const { manager, workspace, next, builds } = await benchWithBuilds(
    { 'plugins/dice/index.ts': source(1), 'plugins/dice/lib/value.js': `export const value = 'js';` },
    3_000,
  );
  const reloaded = next('reloaded');
  await workspace.write({ 'plugins/dice/index.ts': source(2) });
  await until(() => builds().length === 2, 'the early build');
  await workspace.write({ 'plugins/dice/lib/value.ts': `export const value = 'ts';` });
  await reloaded;
  expect(await currentValue(manager, 'dice')).toEqual([2, 'ts']);
});

it('builds anew when it is told to reload', async () => {
  const { manager, workspace, builds } = await benchWithBuilds(DICE, 20_000);
  await writeFile(workspace.path('plugins/dice.ts'), valued('dice', 2));
  const both = await until(() => builds().length === 2 && builds(), 'the early build');
  await manager.reload('dice');
  expect(await currentValue(manager, 'dice')).toBe(2);
  expect(builds()).not.toEqual(both);
});

it('gives what it has built once', async () => {
  const { early, slot, made, discarded } = await started();
  const dice = slot('dice.ts');
  early.begin(dice);
  await until(() => made.length === 1, 'the build');
  expect(await early.take(dice)).toBe(made[0]);
  expect(await early.take(dice)).toBeUndefined();
  expect(discarded).toEqual([]);
});

it('gives nothing that was made of files which have changed since, whatever their times say', async () => {
  const { early, slot, made, discarded } = await started();
  const dice = slot('dice.ts');
  const past = new Date(Date.now() - 60_000);
  await utimes(dice.entry, past, past);
  early.begin(dice);
  await until(() => made.length === 1, 'the build');
  await writeFile(dice.entry, valued('dice', 2));
  await utimes(dice.entry, past, past);
  expect(await early.take(dice)).toBeUndefined();
  expect(discarded).toEqual(made);
});

it('gives nothing that was made of another entry', async () => {
  const { early, slot, made, discarded } = await started();
  const dice = slot('dice.ts') as { entry: string } & Slot;
  early.begin(dice);
  await until(() => made.length === 1, 'the build');
  dice.entry = slot('other.ts').entry;
  expect(await early.take(dice)).toBeUndefined();
  expect(discarded).toEqual(made);
});

it('waits for a build that is under way, and not for one that has not begun', async () => {
  const { early, slot, made } = await started();
  const [dice, other] = [slot('dice.ts'), slot('other.ts')];
  early.begin(dice);
  early.begin(other);
  await Promise.resolve();
  const taken = early.take(dice);
  expect(await early.take(other)).toBeUndefined();
  expect(made).toEqual([]);
  expect(await taken).toBe(made[0]);
  await early.idle();
  expect(made).toHaveLength(1);
});

it('discards what was built of an older version', async () => {
  const { early, slot, made, discarded } = await started();
  const dice = slot('dice.ts');
  early.begin(dice);
  await until(() => made.length === 1, 'the build');
  early.begin(dice);
  await early.idle();
  expect(discarded).toEqual([made[0]]);
  expect(await early.take(dice)).toBe(made[1]);
});

it('drops also what is being built', async () => {
  const { early, slot, made, discarded } = await started();
  early.begin(slot('dice.ts'));
  await Promise.resolve();
  early.dropAll();
  await early.idle();
  expect(made).toHaveLength(1);
  expect(discarded).toEqual(made);
});

it('has nothing where a file cannot be built', async () => {
  const { workspace, early, slot, discarded } = await started();
  await workspace.write({ 'dice.ts': 'export default {' });
  const dice = slot('dice.ts');
  early.begin(dice);
  await Promise.resolve();
  expect(await early.take(dice)).toBeUndefined();
  expect(discarded).toEqual([]);
});
