import { rename, rm, symlink } from 'node:fs/promises';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Slot } from '#internal/isolate/slot';
import { Look, type LookHost } from '#internal/reload/look';
import { PluginTable } from '#internal/reload/plugin-table';
import { Workspace } from '../support/workspace.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }));
afterEach(() => void vi.useRealTimers());

const QUIET_MS = 500;

/** A look at real directories, with plugins that exist by name only: what it would unload, warn of and look at again. */
async function looking(...ids: string[]) {
  const workspace = await Workspace.create(Object.fromEntries(ids.map((id) => [`plugins/${id}.ts`, ''])));
  const table = new PluginTable();
  for (const id of ids) {
    const path = workspace.path('plugins', `${id}.ts`);
    const lifecycle = { state: 'running' };
    table.add({ id, path, entry: path, accepted: {}, lifecycle, exclusively: async () => {} } as never);
  }
  const unloaded: string[] = [];
  const followed: string[] = [];
  const warnings: string[] = [];
  const again: number[] = [];
  let isWatching = true;
  const host = {
    directories: [workspace.path('plugins')],
    table,
    operations: {
      remove: async (slot: Slot) => {
        unloaded.push(slot.id);
        table.remove(slot);
      },
      follow: async ({ id }: { id: string }) => void followed.push(id),
    },
    earlyBuilds: { drop: () => {} },
    warn: (text: string) => void warnings.push(text),
    isWatching: () => isWatching,
    lookAgain: (inMs: number) => void again.push(inMs),
    quietMs: QUIET_MS,
  };
  const look = new Look(host as unknown as LookHost);
  return {
    ...{ workspace, table, unloaded, followed, warnings, again },
    look: (...hints: string[]) => look.act(new Set(hints), performance.now()),
    stopWatching: () => {
      isWatching = false;
    },
  };
}

it('unloads what is absent at two looks, a quiet time apart', async () => {
  const { workspace, look, unloaded, again } = await looking('dice', 'seen');
  await rm(workspace.path('plugins/dice.ts'));
  await look();
  expect({ unloaded, again }).toEqual({ unloaded: [], again: [QUIET_MS] });
  vi.advanceTimersByTime(QUIET_MS - 1);
  await look();
  expect(unloaded).toEqual([]);
  vi.advanceTimersByTime(1);
  await look();
  expect(unloaded).toEqual(['dice']);
});

it('unloads nothing that is back at the second look', async () => {
  const { workspace, look, unloaded } = await looking('dice');
  for (let round = 0; round < 3; round++) {
    await rename(workspace.path('plugins/dice.ts'), workspace.path('plugins/_dice.ts'));
    await look();
    await rename(workspace.path('plugins/_dice.ts'), workspace.path('plugins/dice.ts'));
    vi.advanceTimersByTime(QUIET_MS);
    await look();
  }
  expect(unloaded).toEqual([]);
});

it('unloads nothing for ten seconds while the whole directory is missing, and warns once', async () => {
  const { workspace, look, unloaded, warnings, again } = await looking('dice', 'seen');
  await rename(workspace.path('plugins'), workspace.path('away'));
  await look();
  vi.advanceTimersByTime(9_999);
  await look();
  expect(unloaded).toEqual([]);
  expect(again).toContain(10_000);
  expect(warnings).toEqual([expect.stringMatching(/plugins' is missing\. .* goes on, .* not back in 10 s/)]);
  vi.advanceTimersByTime(1);
  await look();
  expect(unloaded).toEqual(['dice', 'seen']);
});

it('begins anew when the directory vanishes, and when it comes back', async () => {
  const { workspace, look, unloaded } = await looking('dice', 'seen');
  // As by `rm -r`: at one look the file is deleted, at the next the directory.
  await rm(workspace.path('plugins/dice.ts'));
  await look();
  await rename(workspace.path('plugins'), workspace.path('away'));
  vi.advanceTimersByTime(9_000);
  await look();
  expect(unloaded).toEqual([]);
  await rename(workspace.path('away'), workspace.path('plugins'));
  await look();
  expect(unloaded).toEqual([]);
  vi.advanceTimersByTime(QUIET_MS);
  await look();
  expect(unloaded).toEqual(['dice']);
});

it('begins anew with a directory that was back in between', async () => {
  const { workspace, look, unloaded, warnings } = await looking('dice');
  for (let round = 0; round < 3; round++) {
    await rename(workspace.path('plugins'), workspace.path('away'));
    await look();
    vi.advanceTimersByTime(6_000);
    await rename(workspace.path('away'), workspace.path('plugins'));
    await look();
  }
  expect(unloaded).toEqual([]);
  expect(warnings).toHaveLength(3);
});

it('unloads nothing of a directory that cannot be read, however long, and says so once', async () => {
  const { workspace, look, unloaded, warnings } = await looking('dice');
  await rename(workspace.path('plugins'), workspace.path('away'));
  await symlink('long'.repeat(100), workspace.path('plugins'));
  for (let round = 0; round < 3; round++) {
    await look();
    vi.advanceTimersByTime(20_000);
  }
  expect(unloaded).toEqual([]);
  expect(warnings).toEqual([expect.stringMatching(/plugins' cannot be read \(ENAMETOOLONG.* goes on\.$/)]);
});

it('looks again when a plugin was busy and its files differ from what was acted on in the end', async () => {
  const { table, look, again } = await looking('dice');
  const [slot] = [...table] as unknown as [{ exclusively(turn: () => Promise<void>): void; acted: unknown }];
  const turns: (() => Promise<void>)[] = [];
  slot.exclusively = (turn) => void turns.push(turn);
  await look();
  for (const [compared, expected] of [
    ['same', []],
    ['changed', [0]],
  ]) {
    slot.acted = { compare: async () => compared };
    await turns[0]?.();
    expect(again).toEqual(expected);
  }
});

it('follows a changed module that a hint names at once, and leaves all else for a moment later', async () => {
  const { workspace, table, look, followed, unloaded, again } = await looking('dice', 'seen');
  const [slot] = [...table] as unknown as [{ path: string; acted: unknown }];
  let compared = 'changed';
  slot.acted = { has: (path: string) => path === slot.path, compare: async () => compared };
  await rm(workspace.path('plugins/seen.ts'));
  await look(slot.path);
  expect({ followed, unloaded, again }).toEqual({ followed: ['dice'], unloaded: [], again: [50] });
  // Nothing to follow: then it is a look like any other, which sees that the other one is absent.
  compared = 'same';
  await look(slot.path);
  expect({ followed, again }).toEqual({ followed: ['dice'], again: [50, QUIET_MS] });
  // Of a file that nobody is known to be built from it cannot be said what it means.
  compared = 'changed';
  await look(workspace.path('plugins/new.ts'));
  expect(followed).toEqual(['dice', 'dice']);
  expect(again).toEqual([50, QUIET_MS, QUIET_MS]);
});

it('does nothing of what it finds when watching was stopped meanwhile', async () => {
  const { workspace, table, look, followed, again, stopWatching } = await looking('dice');
  await workspace.write({ 'plugins/new.ts': '' });
  const looked = look();
  stopWatching();
  await looked;
  expect({ ids: [...table].map(({ id }) => id), followed, again }).toEqual({
    ids: ['dice'],
    followed: [],
    again: [],
  });
});
