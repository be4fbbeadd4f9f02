import { realpath } from 'node:fs/promises';
import { isAbsolute, relative, resolve, sep } from 'node:path';
import type { Plugin } from 'esbuild';
import type { Deniable } from '../permissions.ts';

/** What keeps a plugin's modules from what was not granted. */
export interface Restrictions {
  /** What they must not import of Node. */
  denied: readonly Deniable[];
  /** The files and directories they may be made of; any if that is absent. */
  places?: readonly string[];
}

/** Keeps files from elsewhere out of a build: it is the host that reads them, with its own rights. */
export function keepInside(places: readonly string[] | undefined): Plugin {
  return {
    name: 'bulkhead-places',
    setup(build) {
      if (places === undefined) return;
      const whereTheyAre = Promise.all(places.map(real));
      build.onLoad({ filter: /.*/, namespace: 'file' }, async ({ path }) => {
        const [file, roots] = await Promise.all([real(path), whereTheyAre]);
        if (roots.some((root) => isInside(file, root))) return undefined;
        const text = `'${path}' is not in the directory of the plugin, and permissions.read does not grant it`;
        return { errors: [{ text }] };
      });
    },
  };
}

function real(path: string): Promise<string> {
  return realpath(path).catch(() => resolve(path));
}

export function isInside(path: string, root: string): boolean {
  const way = relative(root, path);
  // From one drive of Windows to another there is no way.
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}
