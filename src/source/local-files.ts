import { readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, extname, isAbsolute, resolve, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type {
  ImportKind,
  Loader,
  OnResolveArgs,
  OnResolveResult,
  PartialMessage,
  Plugin,
  PluginBuild,
} from 'esbuild';
import type { Fingerprint } from './fingerprint.ts';
import { candidates, noteCandidates, packageCandidates } from './import-candidates.ts';
import { referencedModules, resolvedNames, type ShimWidths, withModuleShims } from './module-shims.ts';
import { MAX_READ_BYTES } from './print.ts';
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
        if (!Buffer.isBuffer(content)) return { errors: [content] };
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

/** The content, or why there is none to be had. */
async function readSource(path: string, inputs: Fingerprint): Promise<Buffer | PartialMessage> {
  try {
    const content = await inputs.read(path);
    if (Buffer.isBuffer(content)) return content;
    const text = content.isFile
      ? `${path} has ${content.size} bytes; a source file may have ${MAX_READ_BYTES}. Keep data in a file that the plugin reads.`
      : `${path} is no regular file; expected a module.`;
    return { text };
  } catch (error) {
    inputs.addMissing([path]);
    return { text: `${path} cannot be read: ${(error as Error).message}`, detail: error };
  }
}
