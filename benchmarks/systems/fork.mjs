/** A child process without anything around it, replaced in the same way. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { sourceOf, writeInPlace } from './sources.mjs';

/** @typedef {import('node:child_process').ChildProcess} ChildProcess */

/** @type {import('./system.mjs').Start} */
export async function start({ folder, bytes }) {
  const file = join(folder, 'plugin.mjs');
  const source = sourceOf(
    bytes,
    (version, compute) => `const compute = ${compute};
process.on('message', (n) => process.send({ version: ${version}, result: compute(n) }));
process.on('disconnect', () => process.exit());
process.send('ready');`,
  );
  /** @type {ChildProcess | undefined} */
  let child;
  const endChild = async () => {
    if (child === undefined) return;
    child.kill();
    await once(child, 'exit');
  };
  return {
    save: (version) => writeInPlace(file, source(version)),
    reload: async () => {
      const next = fork(file, { execArgv: [] });
      await once(next, 'message');
      await endChild();
      child = next;
    },
    ask: async () => {
      child?.send(1);
      const [{ version }] = await once(/** @type {ChildProcess} */ (child), 'message');
      return version;
    },
    end: endChild,
  };
}
