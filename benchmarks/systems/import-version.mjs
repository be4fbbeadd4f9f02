/** A new query at each import: the way that most answers on the web recommend for ECMAScript modules. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { moduleSource, writeInPlace } from './sources.mjs';

/** @type {import('./system.mjs').Start} */
export async function start({ folder, bytes }) {
  const file = join(folder, 'plugin.mjs');
  const source = moduleSource(bytes);
  /** @type {any} */
  let plugin;
  let imports = 0;
  return {
    save: (version) => writeInPlace(file, source(version)),
    reload: async () => {
      plugin = await import(`${pathToFileURL(file).href}?v=${++imports}`);
      plugin.compute(imports);
    },
    ask: () => plugin.version(),
    end: async () => {},
  };
}
