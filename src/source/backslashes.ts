import { relative, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

// esbuild writes each `\` of a path as `/`. That is the same on Windows only; elsewhere it is part of a name.

/** The file that esbuild means by a path, out of those that it was given. */
export function meantBy(path: string, files: Iterable<string>): string {
  const all = [...files];
  return all.includes(path) ? path : (all.find((file) => slashed(file) === path) ?? path);
}

/** A source map that names these files as they are called. */
export function withNames(map: string, mapUrl: string, files: readonly string[]): string {
  if (files.length === 0) return map;
  const content = JSON.parse(map) as { sources: string[] };
  const sources = content.sources.map((source) => {
    const { protocol, href } = new URL(source, mapUrl);
    return protocol === 'file:' ? pathToFileURL(meantBy(fileURLToPath(href), files)).href : source;
  });
  return JSON.stringify({ ...content, sources });
}

/** What esbuild says, with the names of these files, which it gives as seen from a directory, as they are. */
export function withNamesIn(text: string, directory: string, files: Iterable<string>): string {
  const named = withBackslash(files).map((file) => relative(directory, file));
  return named.reduce(
    (corrected, name) => corrected.replaceAll(`"${slashed(name)}"`, () => `"${name}"`),
    text,
  );
}

/** Those whose names esbuild does not tell right. */
export function withBackslash(files: Iterable<string>): string[] {
  return sep === '\\' ? [] : [...files].filter((file) => file.includes('\\'));
}

function slashed(path: string): string {
  return path.replaceAll('\\', '/');
}
