/** CommonJS: delete the module from the cache, and from its parent's list of children, then require it again. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { commonJsSource, writeInPlace } from './sources.mjs';

/** @type {import('./system.mjs').Start} */
export async function start({ folder, bytes }) {
  const require = createRequire(join(folder, 'main.cjs'));
  const file = join(folder, 'plugin.cjs');
  const source = commonJsSource(bytes);
  /** @type {any} */
  let plugin;
  return {
    save: (version) => writeInPlace(file, source(version)),
    reload: async () => {
      delete require.cache[file];
      plugin = require(file);
      plugin.compute(1);
    },
    ask: () => plugin.version(),
    end: async () => {},
  };
}
