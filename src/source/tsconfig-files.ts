import { dirname, isAbsolute, join, resolve } from 'node:path';
import { isFile, readSettings } from './files.ts';

const EXTENDS = /"extends"\s*:\s*(\[[^\]]*\]|"(?:[^"\\]|\\.)*")/g;
const STRING = /"(?:[^"\\]|\\.)*"/g;

/**
 * The files that esbuild's choice and reading of a tsconfig.json for the modules of a directory depend on: the nearest at
 * or above it, those nearer that are not there, and what it extends. What it extends in a package counts as part of that.
 */
export function tsconfigFiles(directory: string): string[] {
  const nearer = [join(directory, 'tsconfig.json')];
  for (let above = directory; !isFile(nearer.at(-1)!); ) {
    // If there is none, only the one that would be beside the modules is waited for.
    if (dirname(above) === above) return nearer.slice(0, 1);
    above = dirname(above);
    nearer.push(join(above, 'tsconfig.json'));
  }
  const files = new Set(nearer);
  for (const file of files) for (const base of basesOf(file)) files.add(base);
  return [...files];
}

/** The files that a tsconfig.json can mean by what it extends; also what it says in a comment, which does no harm. */
function basesOf(file: string): string[] {
  return [...(readSettings(file) ?? '').matchAll(EXTENDS)]
    .flatMap(([, value]) => value!.match(STRING) ?? [])
    .map((literal) => literal.slice(1, -1))
    .filter((name) => isAbsolute(name) || /^\.{1,2}(\/|$)/.test(name))
    .map((name) => resolve(dirname(file), name))
    .flatMap((path) => [path, `${path}.json`, join(path, 'tsconfig.json')]);
}
