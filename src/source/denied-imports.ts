import type { Plugin } from 'esbuild';
import { type Deniable, whyDenied } from '../permissions.ts';

/** Makes of each import of a module that is kept from the plugin one that throws when it is reached, and says why. */
export function refuseImports(denied: readonly Deniable[]): Plugin {
  return {
    name: 'denied-imports',
    setup(build) {
      if (denied.length === 0) return;
      build.onResolve({ filter: /^(node:)?[a-z][\w/]*$/ }, ({ path }) =>
        whyDenied(path, denied) === undefined ? undefined : { path, namespace: 'denied' },
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
