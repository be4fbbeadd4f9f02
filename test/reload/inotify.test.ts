import { execFile, spawnSync } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { type Files, loadedBench, Workspace } from '../support/workspace.ts';
import { valued } from './values.ts';

const INSTANCES = 4;
const WATCHES = 30;
/** In a user namespace of its own a process can be allowed little, which takes nothing from anybody else. */
const LIMITED = [
  '--user',
  '--map-root-user',
  'sh',
  '-c',
  `cd /proc/sys/user && echo ${INSTANCES} > max_inotify_instances && echo ${WATCHES} > max_inotify_watches && exec "$@"`,
  'sh',
];
const canLimit = process.platform === 'linux' && spawnSync('unshare', [...LIMITED, 'true']).status === 0;
const CHILD = fileURLToPath(new URL('./children/with-little-inotify.mjs', import.meta.url));

interface Outcome {
  holders: number;
  texts: string[];
}

async function runChild(
  take: 'first' | 'later' | 'none',
  expected: 'native' | 'polling',
  more: Files = {},
): Promise<Outcome> {
  const workspace = await Workspace.create({
    'plugins/dice.ts': valued('dice', 'one'),
    'later/dice.ts': valued('dice', 'two'),
    ...more,
  });
  const directories = [workspace.path('plugins'), workspace.path('later')];
  const args = [...LIMITED, process.execPath, CHILD, take, expected, ...directories];
  const { stdout, stderr } = await promisify(execFile)('unshare', args, { timeout: 20_000 });
  expect(stderr).toBe('');
  const outcome = JSON.parse(stdout);
  expect(outcome).toMatchObject({ mode: expected, generation: 3, value: 'two' });
  return outcome;
}

it.skipIf(!canLimit)('polls, and says so, when the inotify instances are used up at the start', async () => {
  const { holders, texts } = await runChild('first', 'polling');
  expect(holders).toBe(INSTANCES - 1);
  expect(texts[0]).toMatch(/every 50 ms: .*cannot be watched: .*fs\.inotify\.max_user_instances/);
});

it.skipIf(!canLimit)(
  'keeps the instance it has while it watches nothing and the others are used up',
  async () => {
    expect(await runChild('later', 'native')).toMatchObject({ holders: INSTANCES - 2 });
  },
);

it.skipIf(!canLimit)(
  'polls, and says so, when there come to be more folders than may be watched',
  async () => {
    const folders = Array.from({ length: WATCHES }, (_value, index) => [`later/_many/${index}/file`, '']);
    const { texts } = await runChild('none', 'polling', Object.fromEntries(folders));
    expect(texts.join('\n')).toMatch(/plugins' cannot be watched: .*fs\.inotify\.max_user_watches/);
  },
);

it.skipIf(process.platform !== 'linux')(
  'starts no programs to watch, which would not be reaped',
  async () => {
    const { manager } = await loadedBench({ 'dice.ts': valued('dice', 'one') });
    expect(manager.hotReload.mode).toBe('native');
    await manager.hotReload.stop();
    const before = await childProcesses();
    await manager.hotReload.start();
    await manager.hotReload.stop();
    expect(await childProcesses()).toEqual(before);
  },
);

/** Those of this process, also the ones that have ended and were not reaped. */
async function childProcesses(): Promise<string[]> {
  const lists = (await readdir('/proc/self/task')).map((task) =>
    readFile(`/proc/self/task/${task}/children`, 'utf8').catch(() => ''),
  );
  return (await Promise.all(lists)).flatMap((list) => list.match(/\d+/g) ?? []).sort();
}
