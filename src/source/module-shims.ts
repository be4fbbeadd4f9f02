import { dirname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Loader } from 'esbuild';

/**
 * What a module knows of its own place has to mean the author's file, not the build. Each name is replaced by a variable,
 * which `withModuleShims` gives its value in each file.
 */
export const SHIM_DEFINES = {
  'import.meta.url': 'bulkhead_module_url',
  'import.meta.filename': 'bulkhead_module_filename',
  'import.meta.dirname': 'bulkhead_module_dirname',
  'import.meta.resolve': 'bulkhead_module_resolve',
  __filename: 'bulkhead_module_filename',
  __dirname: 'bulkhead_module_dirname',
};

const MENTIONS_ITS_PLACE = /\bimport\s*\.\s*meta\b|\b__(file|dir)name\b/;

/** The file's content with those variables declared on its first line, if it needs them; no line moves. */
export function withModuleShims(path: string, content: Buffer, loader: Loader): Buffer | string {
  if (loader === 'json' || loader === 'text') return content;
  const text = content.toString('utf8');
  if (!MENTIONS_ITS_PLACE.test(text)) return content;
  const declared = declarations(path);
  return text.startsWith('#!') ? text.replace(/^.*/, declared) : declared + text;
}

function declarations(path: string): string {
  const url = JSON.stringify(pathToFileURL(path).href);
  const parts: string[] = [
    `bulkhead_module_url = ${url}`,
    `bulkhead_module_filename = ${JSON.stringify(path)}`,
    `bulkhead_module_dirname = ${JSON.stringify(dirname(path))}`,
    `bulkhead_module_resolve = (name) => /^(\\.{0,2}\\/|[a-z]+:)/.test(name) ? new URL(name, ${url}).href : ` +
      `new URL('file://' + bulkheadCreateRequire(${url}).resolve(name)).href`,
  ];
  return `const ${parts.join(', ')};`;
}

const REFERENCE = /\bnew URL\(\s*(['"`])(\.{1,2}\/[^'"`]+\.[cm]?[jt]sx?)\1\s*,\s*import\.meta\.url\s*\)/g;

/** Modules that a file names without importing them, as for `ctx.offload`: they are part of the plugin too. */
export function referencedModules(path: string, content: Buffer): string[] {
  if (!content.includes('new URL(')) return [];
  return [...content.toString('utf8').matchAll(REFERENCE)].map((match) =>
    resolve(dirname(path), match[2] as string),
  );
}
