import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { lstat, rename } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { codeOf } from '../errors.ts';

/** The socket in a directory behind which somebody listens for as long as its process lives. */
const SIGN = `.lives-${thisSystem()}`;
/** What the path of a socket may have at most on every system; a longer one would be cut, and mean another file. */
const MAX_PATH_BYTES = 103;

/**
 * Shows to other processes that a directory is in use, until the server is closed or this process has ended, however it
 * did. A process number could not: another process may get it, and each container has numbers of its own.
 *
 * @returns `undefined` where that cannot be shown
 */
export async function showLife(directory: string): Promise<Server | undefined> {
  const sign = join(directory, SIGN);
  if (isTooLong(sign)) return undefined;
  const server = createServer((asker) => asker.destroy());
  server.on('error', () => {});
  server.unref();
  try {
    // Under its own name it must not be seen before somebody listens.
    const early = join(directory, '.new');
    server.listen({ path: early, exclusive: true });
    await once(server, 'listening');
    await rename(early, sign);
    return server;
  } catch {
    server.close();
    return undefined;
  }
}

/** Whether a directory of this user shows that its process has ended. Of one without a sign nothing is known. */
export async function isAbandoned(directory: string): Promise<boolean> {
  const sign = join(directory, SIGN);
  if (isTooLong(sign)) return false;
  const stats = await lstat(directory);
  if (!stats.isDirectory() || stats.uid !== process.getuid?.()) return false;
  return new Promise((resolve) => {
    const socket = connect(sign);
    socket.once('connect', () => {
      socket.destroy();
      resolve(false);
    });
    socket.once('error', (error) => resolve(codeOf(error) === 'ECONNREFUSED'));
  });
}

function isTooLong(path: string): boolean {
  return Buffer.byteLength(path) > MAX_PATH_BYTES;
}

/** Whether somebody listens is known only to the system on which it does, until that is started anew. */
function thisSystem(): string {
  let id: string;
  try {
    id = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8');
  } catch {
    id = hostname();
  }
  return createHash('sha256').update(id).digest('hex').slice(0, 12);
}
