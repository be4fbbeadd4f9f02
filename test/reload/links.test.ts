import { rename, symlink, writeFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { type Bench, benchIn, type Files, Workspace } from '../support/workspace.ts';
import { currentValue, valued } from './values.ts';

/** A workspace whose `plugins` has links in it, by name below `plugins` and target below the root. */
async function linked(files: Files, links: Record<string, string>): Promise<Bench> {
  const workspace = await Workspace.create({ 'plugins/README.md': '', ...files });
  for (const [name, target] of Object.entries(links)) {
    await symlink(workspace.path(target), workspace.path('plugins', name));
  }
  const plugin = benchIn(workspace);
  await plugin.manager.loadAll();
  return plugin;
}

/** As `ln -sfn` does it. */
async function relink({ workspace, next }: Bench, name: string, target: string): Promise<void> {
  const reloaded = next('reloaded');
  await symlink(workspace.path(target), workspace.path('plugins/_new'));
  await rename(workspace.path('plugins/_new'), workspace.path('plugins', name));
  await reloaded;
}

async function save({ workspace, next }: Bench, file: string, content: string): Promise<void> {
  const reloaded = next('reloaded');
  await writeFile(workspace.path(file), content);
  await reloaded;
}

const withPart = valued('dice', 0).replace('() => 0', '() => part');
const part = (value: string) => `export const part = '${value}';`;

it('loads a linked file, notices edits of its target, and where the link is made to lead', async () => {
  const plugin = await linked(
    { 'away/dice-1.ts': valued('dice', 1), 'away/dice-2.ts': valued('dice', 2) },
    { 'dice.ts': 'away/dice-1.ts' },
  );
  expect(await currentValue(plugin.manager, 'dice')).toBe(1);
  await save(plugin, 'away/dice-1.ts', valued('dice', 'edited'));
  expect(await currentValue(plugin.manager, 'dice')).toBe('edited');
  await relink(plugin, 'dice.ts', 'away/dice-2.ts');
  expect(await currentValue(plugin.manager, 'dice')).toBe(2);
  await save(plugin, 'away/dice-2.ts', valued('dice', 'edited too'));
  expect(await currentValue(plugin.manager, 'dice')).toBe('edited too');
});

it('loads a linked folder, notices edits inside its target, and where the link is made to lead', async () => {
  const index = `import { part } from './lib/part.ts';\n${withPart}`;
  const plugin = await linked(
    {
      'away/v1/index.ts': index,
      'away/v1/lib/part.ts': part('1'),
      'away/v2/index.ts': index,
      'away/v2/lib/part.ts': part('2'),
    },
    { dice: 'away/v1' },
  );
  expect(await currentValue(plugin.manager, 'dice')).toBe('1');
  await save(plugin, 'away/v1/lib/part.ts', part('edited'));
  expect(await currentValue(plugin.manager, 'dice')).toBe('edited');
  // Only what lies behind the link differs, not the entry's content.
  await relink(plugin, 'dice', 'away/v2');
  expect(await currentValue(plugin.manager, 'dice')).toBe('2');
});

it('notices where a linked file inside a plugin is made to lead', async () => {
  const plugin = await linked(
    {
      'away/1.ts': part('1'),
      'away/2.ts': part('2'),
      'plugins/dice.ts': `import { part } from './_part';\n${withPart}`,
    },
    { '_part.ts': 'away/1.ts' },
  );
  expect(await currentValue(plugin.manager, 'dice')).toBe('1');
  await relink(plugin, '_part.ts', 'away/2.ts');
  expect(await currentValue(plugin.manager, 'dice')).toBe('2');
});

it('loads what a link leads to once it is there', async () => {
  const { manager, workspace, next, seen } = await linked({}, { 'dice.ts': 'away/dice.ts' });
  expect(manager.get('dice')?.state).toBe('failed');
  await symlink(workspace.path('loop.ts'), workspace.path('loop.ts'));
  const failed = next('reload-failed');
  await symlink(workspace.path('loop.ts'), workspace.path('plugins/loop.ts'));
  expect(await failed).toMatchObject({ name: 'loop', stage: 'discover' });
  expect((await failed).error.message).toMatch(/is a link to '.*loop\.ts', which cannot be reached/);
  const loaded = next('loaded');
  await workspace.write({ 'away/dice.ts': valued('dice', 1), 'plugins/README.md': 'look again' });
  await loaded;
  expect(seen('reload-failed')).toHaveLength(2);
});

it('keeps what was loaded through a link that is broken afterwards', async () => {
  const { manager, workspace, next } = await linked(
    { 'away/dice.ts': valued('dice', 1) },
    { 'dice.ts': 'away/dice.ts' },
  );
  const warned = next('watch', ({ text }) => text.includes('goes on'));
  await rename(workspace.path('away/dice.ts'), workspace.path('away/moved.ts'));
  expect((await warned).text).toContain(`'${workspace.path('plugins/dice.ts')}' is a link to`);
  expect(await currentValue(manager, 'dice')).toBe(1);
});
