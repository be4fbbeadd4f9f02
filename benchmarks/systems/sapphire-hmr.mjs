/** Sapphire with `@sapphire/plugin-hmr`, on a client that is not logged in: a piece in its store of commands. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { requireAlternative } from '../support/alternatives.mjs';
import { sourceOf, writeInPlace } from './sources.mjs';

/** @type {import('./system.mjs').Start} */
export async function start({ folder, bytes }) {
  const file = join(folder, 'commands', 'plugin.js');
  const framework = requireAlternative.resolve('@sapphire/framework');
  const source = sourceOf(
    bytes,
    (version, compute) => `const { Command } = require(${JSON.stringify(framework)});
const compute = ${compute};
exports.PluginCommand = class extends Command {
  messageRun() { compute(1); return ${version}; }
};`,
  );
  const save = (/** @type {number} */ version) => writeInPlace(file, source(version));
  await mkdir(join(folder, 'commands'));
  await save(0);
  // Sapphire asks the package of the working directory whether pieces are CommonJS.
  await writeFile(join(folder, 'package.json'), '{}');
  process.chdir(folder);
  const { LogLevel, SapphireClient } = requireAlternative('@sapphire/framework');
  const { start: startHmr } = requireAlternative('@sapphire/plugin-hmr');
  const client = new SapphireClient({
    intents: [],
    baseUserDirectory: null,
    loadMessageCommandListeners: true,
    logger: { level: LogLevel.None },
  });
  client.stores.registerPath(folder);
  await client.stores.load();
  startHmr({ silent: true });
  const ask = () => client.stores.get('commands').get('plugin')?.messageRun();
  return { save, ask, end: () => client.destroy() };
}
