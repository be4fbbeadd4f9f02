/**
 * dynohot: a loader that makes modules reloadable, and a main module that accepts the plugin's updates. The process is
 * started with it (see the catalogue): it takes over from the first module on.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { moduleSource, writeInPlace } from './sources.mjs';

/** @type {import('./system.mjs').Start} */
export async function start({ folder, bytes }) {
  const main = join(folder, 'main.mjs');
  const file = join(folder, 'plugin.mjs');
  const source = moduleSource(bytes);
  const save = (/** @type {number} */ version) => writeInPlace(file, source(version));
  await save(0);
  await writeFile(
    main,
    `import * as plugin from './plugin.mjs';
import.meta.hot.accept('./plugin.mjs');
export const ask = () => { plugin.compute(1); return plugin.version(); };\n`,
  );
  const { ask } = await import(pathToFileURL(main).href);
  return { save, ask, end: async () => {} };
}
