import { dirname, isAbsolute, join, resolve } from 'node:path';
import { getOrMake } from '../get-or-make.ts';
import { isFile, readSettings } from './files.ts';

/** What is not part of a JSON text in one that may have comments and commas at the end; strings, so that they stay as they are. */
const NO_JSON = /"(?:[^"\\]|\\.)*"|\/\/.*|\/\*[\s\S]*?\*\/|^\uFEFF/g;
const LAST_COMMA = /"(?:[^"\\]|\\.)*"|,(?=\s*[}\]])/g;

/** What decides which files are meant, unchecked. */
interface Settings {
  extends?: unknown;
  compilerOptions?: { baseUrl?: unknown; paths?: unknown };
}

/** What one build needs to know of tsconfig.json files, each read once. */
export class TsconfigFiles {
  /** By directory, the settings of each file by its path. */
  readonly #known = new Map<string, Map<string, Settings>>();

  /**
   * The files that esbuild's choice and reading of a tsconfig.json for the modules of a directory depend on: the nearest at
   * or above it, those nearer that are not there, and what it extends. What it extends in a package counts as part of that.
   */
  of(directory: string): string[] {
    return [...this.#settings(directory).keys()];
  }

  /** The files or folders that an import in a directory can mean by the `paths` and the `baseUrl` of {@link of}. */
  *aliasTargets(specifier: string, directory: string): Generator<string> {
    for (const [file, { compilerOptions }] of this.#settings(directory)) {
      const { baseUrl, paths } = compilerOptions ?? {};
      const base = resolve(dirname(file), ...strings(baseUrl));
      for (const [pattern, targets] of Object.entries(Object(paths))) {
        const wildcard = matched(specifier, pattern);
        if (wildcard === undefined) continue;
        for (const target of strings(targets)) {
          const path = target.replace('*', () => wildcard);
          yield resolve(base, path);
        }
      }
      if (baseUrl !== undefined) yield resolve(base, specifier);
    }
  }

  #settings(directory: string): Map<string, Settings> {
    return getOrMake(this.#known, directory, readSettingsFor);
  }
}

function readSettingsFor(directory: string): Map<string, Settings> {
  const settings = new Map(nearest(directory).map((file) => [file, settingsOf(file)]));
  // Also those that are added meanwhile: what is extended extends others.
  for (const [file, { extends: bases }] of settings)
    for (const base of basesOf(file, bases)) getOrMake(settings, base, settingsOf);
  return settings;
}

/** The nearest tsconfig.json, after those that would be nearer. */
function nearest(directory: string): string[] {
  const nearer = [join(directory, 'tsconfig.json')];
  for (let above = directory; !isFile(nearer.at(-1)!); ) {
    // If there is none, only the one that would be beside the modules is waited for.
    if (dirname(above) === above) return nearer.slice(0, 1);
    above = dirname(above);
    nearer.push(join(above, 'tsconfig.json'));
  }
  return nearer;
}

/** What stands for the `*`; `undefined` if it does not match. */
function matched(specifier: string, pattern: string): string | undefined {
  const [before = '', after] = pattern.split('*');
  if (after === undefined) return specifier === pattern ? '' : undefined;
  const isMatch = specifier.startsWith(before) && specifier.endsWith(after);
  return isMatch ? specifier.slice(before.length, specifier.length - after.length) : undefined;
}

/** The files that a tsconfig.json can mean by what it extends. */
function basesOf(file: string, bases: unknown): string[] {
  return strings(bases)
    .filter((name) => isAbsolute(name) || /^\.{1,2}(\/|$)/.test(name))
    .map((name) => resolve(dirname(file), name))
    .flatMap((path) => [path, `${path}.json`, join(path, 'tsconfig.json')]);
}

/** Nothing if it cannot be read; what is wrong with it, the build says. */
function settingsOf(file: string): Settings {
  try {
    const text = (readSettings(file) ?? '').replace(NO_JSON, stringOrNothing);
    return Object(JSON.parse(text.replace(LAST_COMMA, stringOrNothing)));
  } catch {
    return {};
  }
}

function stringOrNothing(match: string): string {
  return match.startsWith('"') ? match : '';
}

/** A string, or those in a list. */
function strings(value: unknown): string[] {
  return [value].flat().filter((each) => typeof each === 'string');
}
