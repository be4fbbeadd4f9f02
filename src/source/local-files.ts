import { readFileSync, realpathSync, statSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, extname, isAbsolute, join, resolve, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { ImportKind, Loader, OnResolveArgs, OnResolveResult, Plugin, PluginBuild } from 'esbuild';
import { packageName } from './build-error.ts';
import { readSettings } from './files.ts';
import { type Fingerprint, MAX_READ_BYTES } from './fingerprint.ts';
import { referencedModules, resolvedNames, type ShimWidths, withModuleShims } from './module-shims.ts';
import { TsconfigFiles } from './tsconfig-files.ts';

const LOADERS: Record<string, Loader> = {
  '.ts': 'ts',
  '.mts': 'ts',
  '.cts': 'ts',
  '.tsx': 'tsx',
  '.js': 'js',
  '.mjs': 'js',
  '.cjs': 'js',
  '.jsx': 'jsx',
  '.json': 'json',
  '.txt': 'text',
  '.md': 'text',
  '.html': 'text',
  '.sql': 'text',
};
/** What an import may leave out, in the order in which esbuild tries it. */
export const IMPLIED_EXTENSIONS = ['.tsx', '.ts', '.jsx', '.js', '.json'];
/** The names of TypeScript files by the names that their output would have. */
const WRITTEN_AS: Record<string, string[]> = {
  '.js': ['.ts', '.tsx'],
  '.jsx': ['.ts', '.tsx'],
  '.mjs': ['.mts'],
  '.cjs': ['.cts'],
};
const OWN_FILES = fileURLToPath(new URL('..', import.meta.url));
/** What `bulkhead/plugin` is to a plugin: found without a `node_modules`, wherever the plugin lies. */
const PLUGIN_API = readFileSync(new URL('../runtime/api.js', import.meta.url), 'utf8');

/** Whether a file of that name can be part of a build. */
export function isLoaded(path: string): boolean {
  return extname(path) in LOADERS || extname(path) === '.node';
}

/**
 * Bundles what the plugin's files import from each other and records what was read. Packages stay outside, and are found
 * from where the importing file is.
 */
export function bundleLocalFiles(inputs: Fingerprint, widths: ShimWidths): Plugin {
  return {
    name: 'bulkhead-local-files',
    setup(build) {
      const tsconfigs = new TsconfigFiles();
      build.onResolve({ filter: /^\./ }, (request) => noteFileBeside(request, inputs));
      build.onResolve({ filter: /^[^.]/ }, async (request) => {
        if (request.pluginData === RESOLVED_BY_ESBUILD) return undefined;
        if (request.path === 'bulkhead/plugin') return { path: request.path, namespace: 'api' };
        if (isBuiltin(request.path)) return { path: request.path, external: true };
        return await resolvePackage(build, request, inputs, tsconfigs);
      });
      build.onLoad({ filter: /.*/, namespace: 'api' }, () => ({ contents: PLUGIN_API }));
      build.onLoad({ filter: /.*/, namespace: 'file' }, async ({ path }) => {
        const loader = LOADERS[extname(path)];
        if (loader === undefined) return undefined;
        const content = await readSource(path, inputs);
        if (typeof content === 'string') return { errors: [{ text: content }] };
        const directory = dirname(path);
        await inputs.addFiles(tsconfigs.of(directory));
        await inputs.addFiles(referencedModules(path, content));
        const resolved = await resolvePackages(build, path, resolvedNames(content));
        return {
          contents: withModuleShims(path, content, loader, resolved, widths),
          loader,
          resolveDir: directory,
        };
      });
    },
  };
}

const RESOLVED_BY_ESBUILD = Symbol('resolved by esbuild');

/** Leaves finding the file to esbuild, which heeds tsconfig.json only for files it has found; records what that depends on. */
async function noteFileBeside(
  { path, kind, resolveDir }: OnResolveArgs,
  inputs: Fingerprint,
): Promise<OnResolveResult | undefined> {
  if (kind === 'entry-point') return undefined;
  const file = await noteCandidates(candidates(resolve(resolveDir, path), path), inputs);
  return file !== undefined && extname(file) === '.node' ? outside(file, kind) : undefined;
}

/**
 * Records every candidate up to the first that exists: if a missing one appears, it is what the import means. A package.json
 * leads on to its `main`.
 *
 * @returns the first that exists; `undefined` if none does
 */
async function noteCandidates(
  possible: Iterable<Candidate>,
  inputs: Fingerprint,
): Promise<string | undefined> {
  for (const { file, leadsOn } of possible) {
    if (!isFileOfAnyKind(file)) inputs.addMissing([file]);
    else if (!leadsOn) {
      if (realpathSync(file) !== file) inputs.addLink(file);
      return file;
    } else {
      await inputs.addFiles([file]);
      const main = await noteCandidates(mainCandidates(file), inputs);
      if (main !== undefined) return main;
    }
  }
  return undefined;
}

async function resolvePackage(
  build: PluginBuild,
  { path, kind, importer, resolveDir, with: attributes }: OnResolveArgs,
  inputs: Fingerprint,
  tsconfigs: TsconfigFiles,
): Promise<OnResolveResult | undefined> {
  const byAlias = () => [...tsconfigs.aliasTargets(path, resolveDir)].flatMap((target) => candidates(target));
  const request = { kind, importer, resolveDir, with: attributes, pluginData: RESOLVED_BY_ESBUILD };
  const found = await build.resolve(path, request);
  if (found.errors.length > 0) {
    const places = isAbsolute(path)
      ? [candidates(path)]
      : [byAlias(), ...packageCandidates(path, resolveDir)];
    for (const place of places) await noteCandidates(place, inputs);
    return undefined;
  }
  if (found.external || found.namespace !== 'file') return found;
  // By a path of tsconfig.json, or by a link to a package that is being worked on.
  const isLocal =
    !found.path.split(sep).includes('node_modules') &&
    extname(found.path) !== '.node' &&
    !found.path.startsWith(OWN_FILES);
  if (!isLocal) return outside(found.path, kind);
  await noteCandidates(byAlias(), inputs);
  return undefined;
}

/** Left to Node, which gets the place where it was found. */
function outside(file: string, kind: ImportKind): OnResolveResult {
  return { path: kind === 'require-call' ? file : pathToFileURL(file).href, external: true };
}

/** URLs of packages, as an `import` in that file would find them. */
async function resolvePackages(
  build: PluginBuild,
  importer: string,
  names: readonly string[],
): Promise<Record<string, string>> {
  const urls: Record<string, string> = {};
  for (const name of names) {
    const found = await build.resolve(name, {
      kind: 'import-statement',
      importer,
      resolveDir: dirname(importer),
      pluginData: RESOLVED_BY_ESBUILD,
    });
    if (found.namespace === 'file' && !found.external) urls[name] = pathToFileURL(found.path).href;
  }
  return urls;
}

/** What an import from a package can mean, wherever that could be installed. */
function packageCandidates(specifier: string, from: string): Candidate[][] {
  const places: Candidate[][] = [];
  const name = packageName(specifier);
  for (let directory = from; ; directory = dirname(directory)) {
    const root = join(directory, 'node_modules', name);
    places.push(folderCandidates(root));
    if (specifier !== name) places.push(candidates(join(root, specifier.slice(name.length))));
    if (directory === dirname(directory)) return places;
  }
}

/** Also what cannot be read, which is seen later. */
function isFileOfAnyKind(path: string): boolean {
  try {
    return !statSync(path).isDirectory();
  } catch {
    return false;
  }
}

interface Candidate {
  file: string;
  /** It is a package.json, which names another. */
  leadsOn?: boolean;
}

/**
 * What an import of a path can mean, in the order in which esbuild tries it.
 *
 * @param written the path as it was written: it may say that it is a folder
 */
function candidates(path: string, written = path): Candidate[] {
  const isFolder = /(^|\/)\.{0,2}$/.test(written);
  return [...(isFolder ? [] : fileCandidates(path)), ...folderCandidates(path)];
}

function fileCandidates(path: string): Candidate[] {
  const extension = extname(path);
  const stem = path.slice(0, path.length - extension.length);
  const implied = IMPLIED_EXTENSIONS.map((each) => path + each);
  const sources = (WRITTEN_AS[extension] ?? []).map((source) => stem + source);
  return [path, ...implied, ...sources].map((file) => ({ file }));
}

function folderCandidates(path: string): Candidate[] {
  return [{ file: join(path, 'package.json'), leadsOn: true }, ...indexCandidates(path)];
}

function indexCandidates(path: string): Candidate[] {
  return IMPLIED_EXTENSIONS.map((implied) => ({ file: join(path, `index${implied}`) }));
}

/** What the `main` of a package.json can mean. */
function mainCandidates(file: string): Candidate[] {
  let main: unknown;
  try {
    main = JSON.parse(readSettings(file) ?? '{}').main;
  } catch {
    return [];
  }
  if (typeof main !== 'string') return [];
  const path = resolve(dirname(file), main);
  return [...fileCandidates(path), ...indexCandidates(path)];
}

/** The content, or why there is none to be had. */
async function readSource(path: string, inputs: Fingerprint): Promise<Buffer | string> {
  try {
    const content = await inputs.read(path);
    if (Buffer.isBuffer(content)) return content;
    return content.isFile
      ? `${path} has ${content.size} bytes; a source file may have ${MAX_READ_BYTES}. Keep data in a file that the plugin reads.`
      : `${path} is no regular file; expected a module.`;
  } catch (error) {
    inputs.addMissing([path]);
    return `${path} cannot be read: ${(error as Error).message}`;
  }
}
