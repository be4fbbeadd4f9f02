import { fileURLToPath } from 'node:url';
import type { Plugin } from 'esbuild';
import { type Deniable, whyDenied } from '../permissions.ts';

const OWN_FILES = fileURLToPath(new URL('..', import.meta.url));

/** Makes of each import of a module that is kept from the plugin one that throws when it is reached, and says why. */
export function refuseImports(denied: readonly Deniable[]): Plugin {
  return {
    name: 'denied-imports',
    setup(build) {
      if (denied.length === 0) return;
      build.onResolve({ filter: /^(node:)?[a-z][\w/]*$/ }, ({ path, importer }) =>
        // What runs a job is bundled with it, and no part of the plugin.
        whyDenied(path, denied) === undefined || importer.startsWith(OWN_FILES)
          ? undefined
          : { path, namespace: 'denied' },
      );
      build.onLoad({ filter: /.*/, namespace: 'denied' }, ({ path }) => {
        const why = JSON.stringify(whyDenied(path, denied));
        // CommonJS, so that any name can be imported from it.
        return {
          contents: `throw Object.assign(new Error(${why}), { code: 'ERR_PERMISSION_DENIED' });\nmodule.exports = {};`,
        };
      });
    },
  };
}
