import { rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { type Bench, benchIn, DEBOUNCE_MS, type Files, until, Workspace } from '../support/workspace.ts';
import { currentValue, valued } from './values.ts';

async function polled(files: Files): Promise<Bench> {
  const workspace = await Workspace.create(files);
  return benchIn(workspace, { hotReload: { debounceMs: DEBOUNCE_MS, polling: true, pollMs: 50 } });
}

it('says that it polls, and that this was asked for', async () => {
  const { manager, seen } = await polled({ 'plugins/dice.ts': valued('dice', 1) });
  await manager.loadAll();
  expect(manager.hotReload.mode).toBe('polling');
  expect(manager.hotReload.isEnabled).toBe(true);
  expect(seen('watch')).toEqual([
    {
      name: 'hotReload',
      mode: 'polling',
      level: 'debug',
      text: expect.stringMatching(/every 50 ms: as asked for/),
    },
  ]);
});

it('notices every way of saving, and what is only touched', async () => {
  const { manager, workspace, next } = await polled({ 'plugins/dice.ts': valued('dice', 1) });
  await manager.loadAll();
  const file = workspace.path('plugins/dice.ts');
  const ways: ((content: string) => Promise<void>)[] = [
    (content) => writeFile(file, content),
    (content) => writeFile(`${file}.tmp`, content).then(() => rename(`${file}.tmp`, file)),
    (content) => rename(file, `${file}~`).then(() => writeFile(file, content)),
  ];
  for (const [index, save] of ways.entries()) {
    const reloaded = next('reloaded');
    await save(valued('dice', `way ${index}`));
    await reloaded;
    expect(await currentValue(manager, 'dice')).toBe(`way ${index}`);
  }
  const unchanged = next('unchanged');
  await utimes(file, new Date(), new Date());
  await unchanged;
  expect(manager.get('dice')).toMatchObject({ generation: 4 });
});

it('notices plugins that appear, vanish, move in as a tree or become folders', async () => {
  const { manager, workspace, next } = await polled({
    'plugins/dice.ts': valued('dice', 1),
    'elsewhere/index.ts': `import { deep } from './a/b/deep.ts';\n${valued('tree', 0).replace('() => 0', '() => deep')}`,
    'elsewhere/a/b/deep.ts': 'export const deep = 1;',
  });
  await manager.loadAll();
  const loaded = next('loaded');
  await rename(workspace.path('elsewhere'), workspace.path('plugins/tree'));
  await loaded;
  const edited = next('reloaded');
  await writeFile(workspace.path('plugins/tree/a/b/deep.ts'), 'export const deep = 2;');
  await edited;
  expect(await currentValue(manager, 'tree')).toBe(2);
  const asFolder = next('reloaded');
  await rm(workspace.path('plugins/dice.ts'));
  await workspace.write({ 'plugins/dice/index.ts': valued('dice', 2) });
  await asFolder;
  const unloaded = next('unloaded');
  await rm(workspace.path('plugins/tree'), { recursive: true });
  expect(await unloaded).toMatchObject({ name: 'tree' });
});

it('notices edits behind links and outside, and a plugin directory that is made later', async () => {
  const { manager, workspace, next } = await polled({
    'away/dice.ts': `import { value } from './value.ts';\n${valued('dice', 0).replace('() => 0', '() => value')}`,
    'away/value.ts': 'export const value = 1;',
  });
  await manager.loadAll();
  const loaded = next('loaded');
  await workspace.write({ 'plugins/README.md': '' });
  await symlink('../away/dice.ts', workspace.path('plugins/dice.ts'));
  await loaded;
  const reloaded = next('reloaded');
  await writeFile(workspace.path('away/value.ts'), 'export const value = 2;');
  await reloaded;
  expect(await currentValue(manager, 'dice')).toBe(2);
});

it('reports a broken version once, and what cannot be a plugin', async () => {
  const { manager, workspace, next, seen } = await polled({ 'plugins/dice.ts': valued('dice', 1) });
  await manager.loadAll();
  const failed = next('reload-failed');
  await writeFile(workspace.path('plugins/dice.ts'), 'export default {');
  expect(await failed).toMatchObject({ name: 'dice', stage: 'build', generation: 1 });
  const refused = next('reload-failed');
  await workspace.write({ 'plugins/empty/README.md': '' });
  expect(await refused).toMatchObject({ name: 'empty', stage: 'discover' });
  const reloaded = next('reloaded');
  await writeFile(workspace.path('plugins/dice.ts'), valued('dice', 2));
  await reloaded;
  expect(seen('reload-failed')).toHaveLength(2);
});

it('finds by its sweep what no event told of', async () => {
  const workspace = await Workspace.create({
    'plugins/dice.ts': valued('dice', 1),
  });
  const { manager, next, seen } = benchIn(workspace, { hotReload: { debounceMs: DEBOUNCE_MS, sweepMs: 50 } });
  await manager.loadAll();
  expect(manager.hotReload.mode).toBe('native');
  const loaded = next('loaded');
  await symlink(workspace.path('late.ts'), workspace.path('plugins/late.ts'));
  await until(() => seen('reload-failed').length === 1, 'the broken link to be reported');
  await writeFile(workspace.path('late.ts'), valued('late', 1));
  expect(await loaded).toMatchObject({ name: 'late' });
});

it('notices a change of the same size that has the same time, however soon after the one before', async () => {
  const { manager, workspace, next } = await polled({ 'plugins/dice.ts': valued('dice', 10) });
  await manager.loadAll();
  const file = workspace.path('plugins/dice.ts');
  for (let value = 11; value < 16; value++) {
    const reloaded = next('reloaded');
    await writeFile(`${file}.tmp`, valued('dice', value));
    await utimes(`${file}.tmp`, 1_000_000_000, 1_000_000_000);
    await rename(`${file}.tmp`, file);
    await reloaded;
    expect(await currentValue(manager, 'dice')).toBe(value);
  }
});
