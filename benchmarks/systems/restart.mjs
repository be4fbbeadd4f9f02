/**
 * A whole bot of ten plugins that is started again when a file changes, by `node --watch` or by nodemon. It answers on a
 * local socket, since its standard streams and channels belong to whoever restarts it.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { alternativePath } from '../support/alternatives.mjs';
import { moduleSource, NEIGHBOURS, writeInPlace } from './sources.mjs';

const BOT = `import { createServer } from 'node:net';
import { readdirSync, rmSync } from 'node:fs';
const plugins = [];
for (const name of readdirSync(new URL('plugins/', import.meta.url))) plugins.push([name, await import('./plugins/' + name)]);
const socket = process.argv[2];
rmSync(socket, { force: true });
createServer((client) => {
  const [, plugin] = plugins.find(([name]) => name === 'plugin.mjs');
  plugin.compute(1);
  client.end(String(plugin.version()));
}).listen(socket);
`;

/**
 * @param {(main: string, socket: string) => string[]} command arguments for Node
 * @returns {import('./system.mjs').Start}
 */
const restarted =
  (command) =>
  async ({ folder, bytes }) => {
    const plugins = join(folder, 'plugins');
    const file = join(plugins, 'plugin.mjs');
    const main = join(folder, 'bot.mjs');
    const socket = join(folder, 'bot.socket');
    const source = moduleSource(bytes);
    const save = (/** @type {number} */ version) => writeInPlace(file, source(version));
    await mkdir(plugins);
    await save(0);
    for (let index = 1; index <= NEIGHBOURS; index++)
      await writeFile(join(plugins, `neighbour${index}.mjs`), moduleSource(bytes)(index));
    await writeFile(main, BOT);
    const bot = spawn(process.execPath, command(main, socket), { cwd: folder, stdio: 'ignore' });
    // Asked like this, both end the bot that they started before they end themselves.
    const stop = () => bot.kill('SIGTERM');
    process.once('exit', stop);
    return {
      save,
      ask: () => answerOf(socket),
      end: async () => {
        stop();
        if (bot.exitCode === null && bot.signalCode === null) await once(bot, 'exit');
      },
    };
  };

export const nodeWatch = restarted((main, socket) => ['--watch', main, socket]);
export const nodemon = restarted((main, socket) => [
  alternativePath('nodemon/bin/nodemon.js'),
  '--quiet',
  '--ext',
  'mjs',
  main,
  socket,
]);

/**
 * @param {string} socket
 * @returns {Promise<number>}
 */
function answerOf(socket) {
  return new Promise((resolve, reject) => {
    let text = '';
    const client = connect(socket);
    client.setEncoding('utf8');
    client.on('data', (chunk) => {
      text += chunk;
    });
    client.once('error', reject);
    client.once('end', () => resolve(Number(text)));
  });
}
