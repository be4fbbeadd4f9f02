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
