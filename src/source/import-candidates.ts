import { realpathSync, statSync } from 'node:fs';
import { dirname, extname, join, resolve } from 'node:path';
import { packageName } from './build-error.ts';
import { readSettings } from './files.ts';
import type { Fingerprint } from './fingerprint.ts';

/** What an import may leave out, in the order in which esbuild tries it. */
export const IMPLIED_EXTENSIONS = ['.tsx', '.ts', '.jsx', '.js', '.json'];
/** The names of TypeScript files by the names that their output would have. */
const WRITTEN_AS: Record<string, string[]> = {
  '.js': ['.ts', '.tsx'],
  '.jsx': ['.ts', '.tsx'],
  '.mjs': ['.mts'],
  '.cjs': ['.cts'],
};

/** A file that an import can mean. */
export interface Candidate {
  file: string;
  /** It is a package.json, which names another. */
  leadsOn?: boolean;
}

/**
 * Records every candidate up to the first that exists: if a missing one appears, it is what the import means. A package.json
 * leads on to its `main`.
 *
 * @returns the first that exists; `undefined` if none does
 */
export async function noteCandidates(
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

/**
 * What an import of a path can mean, in the order in which esbuild tries it.
 *
 * @param written the path as it was written: it may say that it is a folder
 */
export function candidates(path: string, written = path): Candidate[] {
  const isFolder = /(^|\/)\.{0,2}$/.test(written);
  return [...(isFolder ? [] : fileCandidates(path)), ...folderCandidates(path)];
}

/** What an import from a package can mean, wherever that could be installed. */
export function packageCandidates(specifier: string, from: string): Candidate[][] {
  const places: Candidate[][] = [];
  const name = packageName(specifier);
  for (let directory = from; ; directory = dirname(directory)) {
    const root = join(directory, 'node_modules', name);
    places.push(folderCandidates(root));
    if (specifier !== name) places.push(candidates(join(root, specifier.slice(name.length))));
    if (directory === dirname(directory)) return places;
  }
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

/** Also what cannot be read, which is seen later. */
function isFileOfAnyKind(path: string): boolean {
  try {
    return !statSync(path).isDirectory();
  } catch {
    return false;
  }
}
