import { readdirSync } from 'node:fs';
import { utimes, writeFile } from 'node:fs/promises';
import { expect, it, onTestFinished, vi } from 'vitest';
import { EarlyBuilds } from '#internal/reload/early-builds';
import { type Build, buildPlugin } from '#internal/source/build';
import { benchIn, until, Workspace } from '../support/workspace.ts';
import { currentValue, valued } from './values.ts';

/** Slots are held by identity; of theirs, only the entry counts. */
type Slot = Parameters<EarlyBuilds['begin']>[0];

async function started() {
  const workspace = await Workspace.create({ 'dice.ts': valued('dice', 1), 'other.ts': valued('other', 1) });
  const made: Build[] = [];
  const discarded: Build[] = [];
  const early = new EarlyBuilds({
    build: async ({ entry }) => {
      const build = await buildPlugin(entry, workspace.path('builds'));
      made.push(build);
      return build;
    },
    discard: (build) => void discarded.push(build),
  });
  const slot = (file: string) => ({ entry: workspace.path(file) }) as Slot;
  return { workspace, early, slot, made, discarded };
}

it('has built what was saved before the quiet time is over, and loads that', async () => {
  const workspace = await Workspace.create({ 'plugins/dice.ts': valued('dice', 1), 'tmp/none': '' });
  vi.stubEnv('TMPDIR', workspace.path('tmp'));
  onTestFinished(() => void vi.unstubAllEnvs());
  const { manager } = benchIn(workspace, { hotReload: { debounceMs: 20_000 } });
  await manager.loadAll();
  const [folder] = readdirSync(workspace.path('tmp')).filter((name) => name.startsWith('bulkhead-'));
  const builds = () => readdirSync(workspace.path('tmp', folder!)).filter((name) => name.endsWith('.mjs'));
  expect(builds()).toHaveLength(1);
  await writeFile(workspace.path('plugins/dice.ts'), valued('dice', 2));
  await until(() => builds().length === 2, 'the early build');
  expect(await currentValue(manager, 'dice')).toBe(1);
  await manager.reload('dice');
  expect(await currentValue(manager, 'dice')).toBe(2);
  expect(builds()).toHaveLength(2);
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
  await early.close();
  expect(made).toHaveLength(1);
});

it('leaves nothing behind when it is closed during a build', async () => {
  const { early, slot, made, discarded } = await started();
  early.begin(slot('dice.ts'));
  await Promise.resolve();
  await early.close();
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
