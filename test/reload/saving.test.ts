import { writeFileSync } from 'node:fs';
import { rename, utimes, writeFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { type Bench, bench } from '../support/workspace.ts';
import { currentValue, valued } from './values.ts';

async function served(value: unknown): Promise<Bench & { file: string }> {
  const plugin = await bench({ 'dice.ts': valued('dice', value), 'other.ts': valued('other', 0) });
  await plugin.manager.loadAll();
  return { ...plugin, file: plugin.workspace.path('plugins/dice.ts') };
}

const WAYS: [string, (file: string, content: string) => Promise<void>][] = [
  ['in place', (file, content) => writeFile(file, content)],
  [
    'as a temporary file that is renamed over it',
    async (file, content) => {
      await writeFile(`${file}.tmp`, content);
      await rename(`${file}.tmp`, file);
    },
  ],
  [
    'after renaming the old one to a backup',
    async (file, content) => {
      await rename(file, `${file}~`);
      await writeFile(file, content);
    },
  ],
  [
    'in several pieces',
    async (file, content) => {
      writeFileSync(file, '');
      for (const piece of content.split('\n')) writeFileSync(file, `${piece}\n`, { flag: 'a' });
    },
  ],
];

it.each(WAYS)('reloads once, and nothing else, when the file is saved %s', async (_way, save) => {
  const { manager, file, next, seen } = await served('one');
  const reloaded = next('reloaded');
  await save(file, valued('dice', 'two'));
  expect(await reloaded).toMatchObject({ name: 'dice', generation: 2 });
  expect(await currentValue(manager, 'dice')).toBe('two');
  const again = next('reloaded');
  await save(file, valued('dice', 'three'));
  expect(await again).toMatchObject({ name: 'dice', generation: 3 });
  expect(await currentValue(manager, 'dice')).toBe('three');
  expect(seen('reload-failed')).toEqual([]);
  expect(manager.get('other')).toMatchObject({ generation: 1, state: 'running' });
});

it.each([
  ['touched', (file: string) => utimes(file, new Date(), new Date())],
  ['written again with the same content', (file: string) => writeFile(file, valued('dice', 'one'))],
  [
    'replaced by a copy of itself',
    async (file: string) => {
      await writeFile(`${file}.tmp`, valued('dice', 'one'));
      await rename(`${file}.tmp`, file);
    },
  ],
])('reports a file that is only %s as unchanged, and keeps the generation', async (_what, save) => {
  const { manager, file, next, seen } = await served('one');
  const unchanged = next('unchanged');
  await save(file);
  expect(await unchanged).toEqual({ name: 'dice' });
  expect(manager.get('dice')).toMatchObject({ generation: 1, reloads: 0 });
  // And once only: the next look has nothing to say of it.
  const reloaded = next('reloaded');
  await writeFile(file, valued('dice', 'two'));
  await reloaded;
  expect(seen('unchanged')).toEqual([{ name: 'dice' }]);
  expect(seen('reloaded')).toHaveLength(1);
});

it('reloads for content of the same length with the old times, as a backup tool restores it', async () => {
  const { manager, file, next } = await served('one');
  const past = new Date(Date.now() - 3_600_000);
  const first = next('unchanged');
  await utimes(file, past, past);
  await first;
  const reloaded = next('reloaded');
  await writeFile(`${file}.tmp`, valued('dice', 'two'));
  await utimes(`${file}.tmp`, past, past);
  await rename(`${file}.tmp`, file);
  await reloaded;
  expect(await currentValue(manager, 'dice')).toBe('two');
});

it('does not reload when a change is taken back within the quiet time', async () => {
  const { manager, file, next } = await served('one');
  const unchanged = next('unchanged');
  writeFileSync(file, valued('dice', 'two'));
  writeFileSync(file, valued('dice', 'one'));
  await unchanged;
  expect(manager.get('dice')).toMatchObject({ generation: 1 });
});

it('tries a broken version once, not at every look', async () => {
  const { manager, file, next, seen, workspace } = await served('one');
  const failed = next('reload-failed');
  await writeFile(file, 'export default {');
  await failed;
  const reloaded = next('reloaded');
  await writeFile(workspace.path('plugins/other.ts'), valued('other', 1));
  await reloaded;
  expect(seen('reload-failed')).toHaveLength(1);
  expect(await currentValue(manager, 'dice')).toBe('one');
});

it('tells how long a save took to serve, without the quiet time', async () => {
  const debounceMs = 1_500;
  const plugin = await bench({ 'dice.ts': valued('dice', 1) }, { hotReload: { debounceMs } });
  await plugin.manager.loadAll();
  const reloaded = plugin.next('reloaded');
  const savedAt = performance.now();
  await writeFile(plugin.workspace.path('plugins/dice.ts'), valued('dice', 2));
  const { saveToServingMs, pauseMs } = await reloaded;
  expect(saveToServingMs).toBeGreaterThan(pauseMs);
  // However long the reload took; a timer may be a little early.
  expect(performance.now() - savedAt - saveToServingMs).toBeGreaterThanOrEqual(debounceMs - 10);
});
