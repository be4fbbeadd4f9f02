import { existsSync, realpath } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import * as esbuild from 'esbuild';
import { CONDITIONS } from '../conditions.ts';
import { withEsbuild } from '../esbuild-process.ts';
import { withBackslash, withNames } from './backslashes.ts';
import { explainBuildError, hasLostEsbuild, PATTERN } from './build-error.ts';
import { refuseImports } from './denied-imports.ts';
import { Fingerprint } from './fingerprint.ts';
import { IMPLIED_EXTENSIONS } from './import-candidates.ts';
import { bundleLocalFiles } from './local-files.ts';
import { SHIM_DEFINES, type ShimWidths, shimBanner, withShimWidths } from './module-shims.ts';
import { keepInside, type Restrictions } from './restrictions.ts';

/** One module that a thread can import. */
export interface Bundle {
  /** `file:` URL of the module. */
  url: string;
  /** The author's files it was made of. */
  inputs: Fingerprint;
}

/** Whether it is still there: anybody may clear the temporary directory. */
export function isThere({ url }: Bundle): boolean {
  return existsSync(fileURLToPath(url));
}

let bundles = 0;

/**
 * Bundles local files into one module in `directory`. Packages stay outside and are resolved from where the importing
 * file is, as Node would.
 *
 * @param restrictions what the modules must not import, and be made of
 * @throws {BuildError} `ERR_PLUGIN_BUILD` with file, line and code frame.
 */
export async function bundle(
  entry: string,
  directory: string,
  { denied, places }: Restrictions,
): Promise<Bundle> {
  const inputs = new Fingerprint();
  const name = basename(entry, extname(entry)).replace(/[^\w.-]/g, '_');
  const file = join(directory, `${name}.${++bundles}.mjs`);
  const widths: ShimWidths = new Map();
  // By its real name, as esbuild and Node name what they read. The system may spell it in yet another way, which is not asked.
  const real = await promisify(realpath)(entry).catch(() => entry);
  const besides = noteSurroundings(entry, real, inputs);
  besides.catch(() => {});
  try {
    if (basename(real).includes('*')) {
      await inputs.addFiles([real]);
      throw new Error(PATTERN);
    }
    const made = await runEsbuild({
      absWorkingDir: dirname(real),
      // Relative: a * in the path of its directory would make it a pattern.
      entryPoints: [`./${basename(real)}`],
      outfile: file,
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      sourcemap: 'linked',
      sourcesContent: false,
      legalComments: 'none',
      logLevel: 'silent',
      // As Node resolves and runs it here: no fields, conditions or hints that only bundlers know.
      mainFields: ['main'],
      // One with a comma, which esbuild refuses, fits nothing.
      conditions: CONDITIONS.filter((condition) => !condition.includes(',')),
      resolveExtensions: IMPLIED_EXTENSIONS,
      ignoreAnnotations: true,
      define: SHIM_DEFINES,
      banner: { js: shimBanner(real) },
      plugins: [refuseImports(denied), keepInside(places), bundleLocalFiles(inputs, widths)],
    });
    noteChoices(made, dirname(real), inputs);
    await besides;
    const url = pathToFileURL(file).href;
    const named = withBackslash(inputs.paths);
    if (widths.size > 0 || named.length > 0)
      await changeFile(`${file}.map`, (map) => withShimWidths(withNames(map, url, named), widths));
    return { url, inputs };
  } catch (error) {
    await besides.catch(() => {});
    // What a full disk has cut would keep it full.
    for (const part of [file, `${file}.map`]) await rm(part, { force: true }).catch(() => {});
    // If it was not even read, it was not there.
    inputs.addMissing([real]);
    throw explainBuildError(error, real, inputs);
  }
}

/** Records what decides which file the entry is: where it leads if it is a link, and the package.json beside that. */
async function noteSurroundings(entry: string, real: string, inputs: Fingerprint): Promise<void> {
  if (real !== entry) inputs.addLink(entry, real);
  await inputs.addFiles([join(dirname(real), 'package.json')]);
}

/** Imports with a name made at run time: esbuild finds the files that fit by itself, and tells only of the pattern. */
function noteChoices({ inputs: modules }: esbuild.Metafile, from: string, inputs: Fingerprint): void {
  for (const [module, { imports }] of Object.entries(modules)) {
    for (const { path, external } of imports)
      if (external && /^\.\.?\/.*\*/.test(path)) inputs.addChoice(dirname(resolve(from, module)), path);
  }
}

async function changeFile(file: string, change: (text: string) => string): Promise<void> {
  await writeFile(file, change(await readFile(file, 'utf8')));
}

/**
 * esbuild works in a process of its own; if somebody ended that, a new one is started.
 *
 * @returns what it was made of
 */
async function runEsbuild(options: esbuild.BuildOptions): Promise<esbuild.Metafile> {
  const build = async () => (await withEsbuild(() => esbuild.build({ ...options, metafile: true }))).metafile;
  try {
    return await build();
  } catch (error) {
    if (!hasLostEsbuild(error)) throw error;
    await esbuild.stop();
    return build();
  }
}
