import { execFile, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { Workspace } from '../support/workspace.ts';
import { valued } from './values.ts';

const INSTANCES = 4;
/** In a user namespace of its own a process can be allowed few instances, which takes none from anybody else. */
const IN_NAMESPACE = [
  '--user',
  '--map-root-user',
  'sh',
  '-c',
  `echo ${INSTANCES} > /proc/sys/user/max_inotify_instances && exec "$@"`,
  'sh',
];
const canLimit = process.platform === 'linux' && spawnSync('unshare', [...IN_NAMESPACE, 'true']).status === 0;

async function runChild(when: 'before' | 'after'): Promise<unknown> {
  const workspace = await Workspace.create({
    'plugins/dice.ts': valued('dice', 'one'),
    'later/dice.ts': valued('dice', 'two'),
  });
  const child = fileURLToPath(new URL('./children/without-inotify.mjs', import.meta.url));
  const args = [...IN_NAMESPACE, process.execPath, child, when];
  const directories = [workspace.path('plugins'), workspace.path('later')];
  const { stdout, stderr } = await promisify(execFile)('unshare', [...args, ...directories], {
    timeout: 20_000,
  });
  expect(stderr).toBe('');
  return JSON.parse(stdout);
}

it.skipIf(!canLimit)('polls, and says so, when the inotify instances are used up at the start', async () => {
  expect(await runChild('before')).toEqual({
    holders: INSTANCES - 1,
    mode: 'polling',
    text: expect.stringMatching(/every 50 ms: .*cannot be watched: .*fs\.inotify\.max_user_instances/),
    value: 'two',
  });
});

it.skipIf(!canLimit)('keeps the instance it has when the others are used up later', async () => {
  expect(await runChild('after')).toMatchObject({ holders: INSTANCES - 2, mode: 'native', value: 'two' });
});
