import { readFile, stat, writeFile } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import * as esbuild from 'esbuild';
import { BulkheadError } from '../errors.ts';
import { Fingerprint } from './fingerprint.ts';
import { referencedModules, SHIM_DEFINES, withModuleShims } from './module-shims.ts';
import { PluginSourceError } from './source-error.ts';

/** A plugin as one module that a thread can import. */
export interface Build {
  entry: string;
  /** `file:` URL of the module. */
  url: string;
  /** The author's files it was made of. */
  inputs: Fingerprint;
}

/** A failed build; `inputs` says when it is worth trying again. */
export class BuildError extends PluginSourceError {
  readonly inputs: Fingerprint;
  constructor(
    message: string,
    inputs: Fingerprint,
    location?: PluginSourceError['location'],
    cause?: unknown,
  ) {
    super('ERR_PLUGIN_BUILD', message, location, { cause });
    this.inputs = inputs;
  }
}

/** Largest source file, in bytes: a data file or a bundle gone wrong, not a plugin. */
const MAX_SOURCE_BYTES = 16 * 1024 * 1024;
const LOADERS: Record<string, esbuild.Loader> = {
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
const PLUGIN_API = fileURLToPath(new URL('../runtime/api.js', import.meta.url));

let builds = 0;

/**
 * Bundles the plugin's local files into one module in `directory`. Packages stay outside and are resolved from where the
 * importing file is, as Node would.
 *
 * @throws {BuildError} `ERR_PLUGIN_BUILD` with file, line and code frame.
 */
export function buildPlugin(entry: string, directory: string): Promise<Build> {
  return bundle(entry, directory, { entryPoints: [entry] });
}

/** Like {@link buildPlugin}, for a module whose default export is to be run by `ctx.offload`. */
export function buildJob(file: string, directory: string): Promise<Build> {
  const contents = `
    import * as job from ${JSON.stringify(file)};
    import { runJob } from ${JSON.stringify(fileURLToPath(new URL('./run-job.js', import.meta.url)))};
    export default (input) => runJob(job.default, input);`;
  return bundle(file, directory, { stdin: { contents, resolveDir: dirname(file), sourcefile: 'job' } });
}

async function bundle(entry: string, directory: string, what: esbuild.BuildOptions): Promise<Build> {
  const inputs = new Fingerprint();
  const file = join(directory, `${basename(entry, extname(entry))}.${++builds}.mjs`);
  try {
    const result = await runEsbuild({
      ...what,
      outfile: file,
      absWorkingDir: dirname(entry),
      bundle: true,
      write: false,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      sourcemap: 'linked',
      sourcesContent: false,
      legalComments: 'none',
      logLevel: 'silent',
      mainFields: ['main'],
      define: SHIM_DEFINES,
      banner: { js: requireFrom(entry) },
      plugins: [localFiles(inputs)],
    });
    await Promise.all((result.outputFiles ?? []).map((output) => writeFile(output.path, output.contents)));
    await inputs.addFiles(['package.json', 'tsconfig.json'].map((name) => join(dirname(entry), name)));
    return { entry, url: pathToFileURL(file).href, inputs };
  } catch (error) {
    if (!inputs.has(entry)) await inputs.addFiles([entry]);
    throw explain(error, entry, inputs);
  }
}

/** esbuild works in a process of its own; if somebody ended that, a new one is started. */
async function runEsbuild(options: esbuild.BuildOptions): Promise<esbuild.BuildResult> {
  try {
    return await esbuild.build(options);
  } catch (error) {
    if (!/The service (is no longer running|was stopped)/.test((error as Error).message)) throw error;
    await esbuild.stop();
    return esbuild.build(options);
  }
}

/** CommonJS parts of a plugin find their packages from the plugin's own place. */
function requireFrom(entry: string): string {
  return `import { createRequire as bulkheadCreateRequire } from 'node:module'; const require = bulkheadCreateRequire(${JSON.stringify(entry)});`;
}

function localFiles(inputs: Fingerprint): esbuild.Plugin {
  return {
    name: 'bulkhead-local-files',
    setup(build) {
      build.onResolve({ filter: /.*/ }, async (request) => {
        if (request.kind === 'entry-point' || request.pluginData === RESOLVED_BY_ESBUILD) return undefined;
        if (request.path === 'bulkhead/plugin') return { path: PLUGIN_API, namespace: 'file' };
        if (isBuiltin(request.path)) return { path: request.path, external: true };
        return await resolveImport(build, request, inputs);
      });
      build.onLoad({ filter: /.*/, namespace: 'file' }, async ({ path }) => {
        if (path.startsWith(OWN_FILES)) return undefined;
        const loader = LOADERS[extname(path)];
        if (loader === undefined) return undefined;
        const content = await readSource(path, inputs);
        await inputs.addFiles(referencedModules(path, content));
        return { contents: withModuleShims(path, content, loader), loader, resolveDir: dirname(path) };
      });
    },
  };
}

const RESOLVED_BY_ESBUILD = Symbol('resolved by esbuild');

async function resolveImport(
  build: esbuild.PluginBuild,
  request: esbuild.OnResolveArgs,
  inputs: Fingerprint,
): Promise<esbuild.OnResolveResult | undefined> {
  const { path, kind, importer, resolveDir, with: attributes } = request;
  const found = await build.resolve(path, {
    kind,
    importer,
    resolveDir,
    with: attributes,
    pluginData: RESOLVED_BY_ESBUILD,
  });
  if (found.errors.length > 0) {
    // The file may appear later: then this build is worth another try.
    if (path.startsWith('.')) await inputs.addFiles(candidates(resolve(resolveDir, path)));
    return undefined;
  }
  if (found.external || found.namespace !== 'file') return found;
  const isPackage = /[\\/]node_modules[\\/]/.test(found.path) || extname(found.path) === '.node';
  if (!isPackage) return { ...found, pluginData: undefined };
  const isRequire = kind === 'require-call' || kind === 'require-resolve';
  return { path: isRequire ? found.path : pathToFileURL(found.path).href, external: true };
}

function candidates(path: string): string[] {
  const extensions = Object.keys(LOADERS);
  return [
    path,
    path.replace(/\.([mc]?)js$/, '.$1ts'),
    ...extensions.map((extension) => path + extension),
    ...extensions.map((extension) => join(path, `index${extension}`)),
  ];
}

async function readSource(path: string, inputs: Fingerprint): Promise<Buffer> {
  const { size } = await stat(path);
  if (size > MAX_SOURCE_BYTES) {
    await inputs.addFiles([path]);
    throw new BulkheadError(
      'ERR_PLUGIN_BUILD',
      `${path} has ${size} bytes; a source file may have ${MAX_SOURCE_BYTES}. Keep data in a file that the plugin reads.`,
    );
  }
  const content = await readFile(path);
  await inputs.add(path, content);
  return content;
}

function explain(error: unknown, entry: string, inputs: Fingerprint): BuildError {
  const [first, ...more] = (error as Partial<esbuild.BuildFailure>).errors ?? [];
  if (first === undefined) {
    return new BuildError(
      `${entry} could not be built: ${(error as Error).message}`,
      inputs,
      undefined,
      error,
    );
  }
  const others = more.length === 0 ? '' : ` (and ${more.length} more)`;
  const { location } = first;
  const place =
    location === null
      ? undefined
      : { file: resolve(dirname(entry), location.file), line: location.line, column: location.column + 1 };
  return new BuildError(`${first.text}${others}`, inputs, place, error);
}
