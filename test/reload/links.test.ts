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

it('tries what is broken behind a link once, and shows its lines', async () => {
  const plugin = await linked(
    {
      'away/folder/index.ts': 'const a = ;',
      'away/file.ts': 'const b = ;',
      'plugins/dice.ts': valued('dice', 1),
    },
    { folder: 'away/folder', 'file.ts': 'away/file.ts' },
  );
  for (const value of [2, 3]) await save(plugin, 'plugins/dice.ts', valued('dice', value));
  const messages = plugin.seen('reload-failed').map(({ error }) => error.message);
  expect(messages.sort()).toEqual([
    expect.stringContaining(`${plugin.workspace.path('away/file.ts')}:1:11\n> 1 | const b = ;`),
    expect.stringContaining(`${plugin.workspace.path('away/folder/index.ts')}:1:11\n> 1 | const a = ;`),
  ]);
  const loaded = plugin.next('loaded');
  await plugin.workspace.write({ 'away/folder/index.ts': valued('folder', 'mended') });
  await loaded;
  expect(await currentValue(plugin.manager, 'folder')).toBe('mended');
});

it('finds what lies beside the target of a link: packages, and files that are named at run time', async () => {
  const plugin = await linked(
    {
      'away/node_modules/tongues/index.js': `exports.tongue = 'de';`,
      'away/text.ts': `export const say = async (name: string) => (await import('./lang/' + name + '.ts')).part;`,
      'away/lang/en.ts': part('hello'),
      'away/dice/index.ts': `import { say } from '../text.ts';\n${withPart
        .replace('part', 'say(require(name).tongue).catch(() => "nothing")')
        .replace('setup', 'async setup')}`.replace(
        'export default',
        "const name = 'tongues';\nexport default",
      ),
    },
    { dice: 'away/dice' },
  );
  expect(await currentValue(plugin.manager, 'dice')).toBe('nothing');
  await save(plugin, 'away/lang/de.ts', part('hallo'));
  expect(await currentValue(plugin.manager, 'dice')).toBe('hallo');
});
