import { chmod, mkdir, rename, rm, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { expect, it, onTestFinished, vi } from 'vitest';
import { Fingerprint } from '#internal/source/fingerprint';
import { MAX_READ_BYTES, statsOf } from '#internal/source/print';
import { Workspace } from '../support/workspace.ts';

const OLD = new Date(Date.now() - 3_600_000);

/** A fingerprint of files that were written long ago, so that their times can be relied on. */
async function printed(...names: string[]) {
  const workspace = await Workspace.create({ 'a.ts': 'aaa', 'b.ts': 'bbb' });
  for (const name of ['a.ts', 'b.ts']) await utimes(workspace.path(name), OLD, OLD);
  const print = new Fingerprint();
  await print.addFiles(names.map((name) => workspace.path(name)));
  return { workspace, print, a: workspace.path('a.ts') };
}

it('is the same while nothing changes, and after what changes nothing of the content or its time', async () => {
  const { print, a } = await printed('a.ts', 'b.ts');
  expect(await print.compare()).toBe('same');
  await chmod(a, 0o600);
  expect(await print.compare()).toBe('same');
});

it('differs when a file is written, also in the same moment with the same length', async () => {
  const { print, a } = await printed('a.ts', 'b.ts');
  for (let round = 0; round < 20; round++) {
    await writeFile(a, `a${round % 10}a`);
    expect(await print.compare()).toBe('changed');
    const again = new Fingerprint();
    await again.addFiles([a]);
    await writeFile(a, `b${round % 10}b`);
    expect(await again.compare()).toBe('changed');
  }
});

it('differs for another content with the times and the length of the old', async () => {
  const { print, workspace, a } = await printed('a.ts');
  await writeFile(workspace.path('other'), 'xxx');
  await utimes(workspace.path('other'), OLD, OLD);
  await rename(workspace.path('other'), a);
  expect(await print.compare()).toBe('changed');
});

it('is touched when the same content is written, until that is acknowledged', async () => {
  const { print, a } = await printed('a.ts', 'b.ts');
  await writeFile(a, 'aaa');
  expect(await print.compare()).toBe('touched');
  expect(await print.compare({ suspects: new Set([a]), acknowledge: true })).toBe('touched');
  expect(await print.compare()).toBe('same');
  await writeFile(a, 'AAA');
  expect(await print.compare()).toBe('changed');
});

it('differs when a file appears where there was none, or vanishes', async () => {
  const { print, workspace, a } = await printed('a.ts', 'missing.ts');
  expect(await print.compare()).toBe('same');
  await mkdir(workspace.path('missing.ts'));
  expect(await print.compare()).toBe('same');
  await rm(workspace.path('missing.ts'), { recursive: true });
  await writeFile(workspace.path('missing.ts'), '');
  expect(await print.compare()).toBe('changed');
  await rm(workspace.path('missing.ts'));
  await rm(a);
  expect(await print.compare()).toBe('changed');
});

it('differs when a link leads elsewhere, though the content is the same', async () => {
  const { print, workspace } = await printed('a.ts');
  await writeFile(workspace.path('copy.ts'), 'aaa');
  await symlink('a.ts', workspace.path('link.ts'));
  print.addLink(workspace.path('link.ts'));
  expect(await print.compare()).toBe('same');
  await rm(workspace.path('link.ts'));
  expect(await print.compare()).toBe('changed');
  await symlink('copy.ts', workspace.path('link.ts'));
  expect(await print.compare()).toBe('changed');
});

it.each([
  ['./lang/*.ts', 'lang/de.ts', ['lang/de.ts~', 'lang/de.tsx', 'lang/sub/de.ts', 'de.ts']],
  ['./lang/**/*.ts', 'lang/sub/de.ts', ['lang/de.js', 'lang/node_modules/de.ts', 'lang/.de.ts']],
  ['./lang/**/*/x.ts', 'lang/de/x.ts', ['lang/y.ts', 'lang/de/xx.ts']],
  ['../[p]+/*', '[p]+/de', ['p/de', '[p]+/fr/en']],
])('differs when a file appears or vanishes that %s can mean', async (pattern, fits, others) => {
  const { print, workspace } = await printed();
  print.addChoice(workspace.path(pattern.startsWith('..') ? 'from' : ''), pattern);
  for (const other of others) await workspace.write({ [other]: '' });
  expect(await print.compare()).toBe('same');
  await workspace.write({ [fits]: '' });
  expect(await print.compare()).toBe('changed');
  await rm(workspace.path(fits));
  expect(await print.compare()).toBe('same');
});

it('describes what is too large to be read, and notices when it changes', async () => {
  const { print, workspace, a } = await printed();
  expect(await print.read(a)).toEqual(Buffer.from('aaa'));
  expect(await print.read(workspace.root)).toEqual({ isFile: false, size: 0 });
  await truncate(a, MAX_READ_BYTES + 1);
  for (const record of [(large: Fingerprint) => large.read(a), (large: Fingerprint) => large.addFiles([a])]) {
    const large = new Fingerprint();
    await record(large);
    expect(await large.compare({ suspects: new Set([a]) })).toBe('same');
    await truncate(a, MAX_READ_BYTES + 2);
    expect(await large.compare()).toBe('changed');
    await truncate(a, MAX_READ_BYTES + 1);
  }
  expect(await print.read(a)).toEqual({ isFile: true, size: MAX_READ_BYTES + 1 });
});

it('differs from what was missed as soon as it is there, also if it came before it was recorded', async () => {
  const { print, workspace, a } = await printed();
  print.addMissing([workspace.path('missing.ts')]);
  expect(await print.compare()).toBe('same');
  print.addMissing([a]);
  expect(await print.compare()).toBe('changed');
});

it('has a stamp that changes with every write', async () => {
  const { print, a } = await printed('a.ts', 'b.ts');
  const before = print.stamp();
  expect(print.stamp()).toBe(before);
  await writeFile(a, 'aaa');
  expect(print.stamp()).not.toBe(before);
});

it('does not rely for two seconds on times of a file system that counts in seconds', async () => {
  const workspace = await Workspace.create({ 'a.ts': 'a' });
  const changedAt = Math.ceil(Date.now() / 1_000) * 1_000 + 60_000;
  await utimes(workspace.path('a.ts'), changedAt / 1_000, changedAt / 1_000);
  vi.useFakeTimers({ toFake: ['Date'] });
  onTestFinished(() => void vi.useRealTimers());
  const relies = (afterMs: number) => {
    vi.setSystemTime(changedAt + afterMs);
    return statsOf(workspace.path('a.ts')).quick !== '';
  };
  expect([200, 2_000, 2_200].map(relies)).toEqual([false, false, true]);
});
