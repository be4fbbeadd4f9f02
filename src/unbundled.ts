import { existsSync } from 'node:fs';
import { BulkheadError } from './errors.ts';

// What threads and processes run lies beside this file, unless a bundler has moved this into another.
const { url } = import.meta;
if (url === undefined || !existsSync(new URL('./runtime/entry.cjs', url)))
  throw new BulkheadError(
    'ERR_BUNDLED',
    'Bulkhead cannot be part of a bundle, since its threads run files of its own. ' +
      "Keep the package 'bulkhead' external (esbuild: --external:bulkhead), and install it where the bundle runs.",
  );
// Yarn's Plug'n'Play reads archives for the bot alone: threads and processes find no files in them.
if (process.versions.pnp !== undefined && url.includes('.zip/'))
  throw new BulkheadError(
    'ERR_BUNDLED',
    "Bulkhead lies in an archive of Yarn's Plug'n'Play, in which its threads find no files. " +
      "Set 'nodeLinker: node-modules', or 'pnpm', in .yarnrc.yml.",
  );
