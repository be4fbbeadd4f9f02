/** Koishi with `@koishijs/plugin-hmr`, which deletes from `require.cache` what depends on the file and swaps the plugin. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { requireAlternative } from '../support/alternatives.mjs';
import { sourceOf, writeInPlace } from './sources.mjs';

/** @type {import('./system.mjs').Start} */
export async function start({ folder, bytes }) {
  const file = join(folder, 'plugin.js');
  const source = sourceOf(
    bytes,
    (version, compute) => `const compute = ${compute};
exports.name = 'plugin';
exports.apply = (ctx) => ctx.on('bench/version', () => { compute(1); return ${version}; });`,
  );
  const save = (/** @type {number} */ version) => writeInPlace(file, source(version));
  await save(0);
  // The paths of plugins may be absolute; the hot reload's own is that of its package.
  const plugins = {
    [file]: {},
    [requireAlternative.resolve('@koishijs/plugin-hmr')]: { root: ['.'], ignored: [] },
  };
  await writeFile(join(folder, 'koishi.json'), JSON.stringify({ plugins }));
  await writeFile(join(folder, 'package.json'), '{}');
  process.chdir(folder);
  const { default: Loader } = requireAlternative('@koishijs/loader');
  const { Logger } = requireAlternative('koishi');
  Logger.targets.length = 0;
  const loader = new Loader();
  await loader.init(join(folder, 'koishi.json'));
  await loader.readConfig(true);
  const app = await loader.createApp();
  await app.start();
  return { save, ask: () => app.bail('bench/version'), end: () => app.stop() };
}
