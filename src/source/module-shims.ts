import { dirname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Loader } from 'esbuild';
import { SHIM_WIDTHS } from '../wire/author-frames.ts';

/** How many columns were put in front of the first line of which files, by path. */
export type ShimWidths = Map<string, number>;

/**
 * What a module knows of its own place has to mean the author's file, not the build: these names are replaced by a
 * variable, which `withModuleShims` declares in each file that needs it.
 */
export const SHIM_DEFINES = {
  'import.meta': 'bulkhead_module',
  __filename: 'bulkhead_module.filename',
  __dirname: 'bulkhead_module.dirname',
  'require.resolve': 'bulkhead_module.require.resolve',
};

const MENTIONS_ITS_PLACE = /\bimport\s*\.\s*meta\b|\b__(file|dir)name\b|\brequire\s*\.\s*resolve\b/;
/** Ends the declaration, so that columns on its line can be told from the author's. */
const END = '/*bulkhead*/';

/** Stands before every build. CommonJS parts of a plugin find their packages from the plugin's own place. */
export function shimBanner(entry: string): string {
  return [
    `import { createRequire as bulkheadRequire, isBuiltin as bulkheadIsBuiltin } from 'node:module';`,
    `import { pathToFileURL as bulkheadFileUrl } from 'node:url';`,
    `const require = bulkheadRequire(${JSON.stringify(entry)});`,
    'const bulkheadResolve = (name, from) => /^(\\.{0,2}\\/|[a-z]+:)/.test(name) ? new URL(name, from).href : ' +
      "bulkheadIsBuiltin(name) ? 'node:' + name : bulkheadFileUrl(bulkheadRequire(from).resolve(name)).href;",
  ].join(' ');
}

/**
 * The file's content with the variable declared on its first line, if it needs it; no line moves.
 *
 * @param resolved URLs of packages that the file asks `import.meta.resolve` for
 * @param widths gets the width of what is put there
 */
export function withModuleShims(
  path: string,
  content: Buffer,
  loader: Loader,
  resolved: Record<string, string>,
  widths: ShimWidths,
): Buffer | string {
  if (loader === 'json' || loader === 'text') return content;
  const text = content.toString('utf8');
  if (!MENTIONS_ITS_PLACE.test(text)) return content;
  const url = JSON.stringify(pathToFileURL(path).href);
  const fields = [
    `url: ${url}`,
    `filename: ${JSON.stringify(path)}`,
    `dirname: ${JSON.stringify(dirname(path))}`,
    `get require() { return bulkheadRequire(${url}); }`,
    `resolve: (name) => (${JSON.stringify(resolved)})[name] ?? bulkheadResolve(name, ${url})`,
  ];
  const declaration = `const bulkhead_module = { ${fields.join(', ')} };${END}`;
  widths.set(path, declaration.length);
  return text.startsWith('#!') ? text.replace(/^.*/, () => declaration) : declaration + text;
}

/** A source map that says so too: what maps a place with it can find the author's column. */
export function withShimWidths(map: string, widths: ShimWidths): string {
  const field = `${JSON.stringify(SHIM_WIDTHS)}: ${JSON.stringify(Object.fromEntries(widths))}`;
  return map.replace('{', () => `{ ${field},`);
}

/** The author's column, from 1, of a place that esbuild counts in bytes from 0, shims included. */
export function authorsColumn({ lineText, column }: { lineText: string; column: number }): number {
  const before = Buffer.from(lineText).subarray(0, column).toString();
  const shim = before.indexOf(END);
  return before.length - (shim < 0 ? 0 : shim + END.length) + 1;
}

const REFERENCE = /\bnew URL\(\s*(['"`])(\.{1,2}\/[^'"`]+\.[cm]?[jt]sx?)\1\s*,\s*import\.meta\.url\s*\)/g;
const RELATIVE = /(['"`])(\.{1,2}\/[^'"`\n]+)\1/g;

/**
 * Modules that a file names without importing them: for `ctx.offload`, and for a `require` of its own making. They are
 * part of the plugin too, also when it could not be loaded because of them.
 */
export function referencedModules(path: string, content: Buffer): string[] {
  const text = content.toString('utf8');
  const named = (pattern: RegExp) =>
    [...text.matchAll(pattern)].map((match) => resolve(dirname(path), match[2] as string));
  const required = text.includes('createRequire') ? named(RELATIVE) : [];
  return [
    ...(text.includes('new URL(') ? named(REFERENCE) : []),
    ...required.flatMap((file) => [file, `${file}.js`, `${file}.json`]),
  ];
}

const RESOLVE = /\bimport\.meta\.resolve\(\s*(['"`])([^'"`./][^'"`]*)\1\s*\)/g;

/** Names of packages that a file asks `import.meta.resolve` for. */
export function resolvedNames(content: Buffer): string[] {
  if (!content.includes('import.meta.resolve')) return [];
  return [...content.toString('utf8').matchAll(RESOLVE)].map((match) => match[2] as string);
}
