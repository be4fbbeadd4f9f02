/** hot-hook: loader hooks that watch, and a dynamic import that gets the newest version at each call. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { importAlternative } from '../support/alternatives.mjs';
import { moduleSource, writeInPlace } from './sources.mjs';

/** @type {import('./system.mjs').Start} */
export async function start({ folder, bytes }) {
  const main = join(folder, 'main.mjs');
  const file = join(folder, 'plugins', 'plugin.mjs');
  const source = moduleSource(bytes);
  const save = (/** @type {number} */ version) => writeInPlace(file, source(version));
  await mkdir(join(folder, 'plugins'));
  await save(0);
  await writeFile(
    main,
    `export const load = () => import('./plugins/plugin.mjs', import.meta.hot?.boundary);\n`,
  );
  const { hot } = await importAlternative('hot-hook');
  await hot.init({ root: main, rootDirectory: folder, boundaries: [file], restart: [] });
  const { load } = await import(pathToFileURL(main).href);
  return {
    save,
    ask: async () => {
      const plugin = await load();
      plugin.compute(1);
      return plugin.version();
    },
    end: async () => {},
  };
}
