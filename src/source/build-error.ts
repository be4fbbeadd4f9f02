import { dirname, resolve } from 'node:path';
import type { BuildFailure, Message } from 'esbuild';
import { isLack } from '../lacking.ts';
import { meantBy, withNamesIn } from './backslashes.ts';
import { isGone } from './files.ts';
import type { Fingerprint } from './fingerprint.ts';
import { authorsColumn } from './module-shims.ts';
import { PluginSourceError } from './source-error.ts';

/** What esbuild does with such a name, there or not, so that the file cannot be used. */
export const PATTERN = 'a * in the name of a file is taken for a pattern; rename the file';

/** What esbuild says of a disk that is full or read-only. */
const NOT_WRITTEN = /^Failed to write to output file/;

/** Somebody, or the system, has ended the process that builds. */
export function hasLostEsbuild(error: unknown): boolean {
  return /The service (is no longer running|was stopped)/.test((error as Error).message);
}

/** A failed build; `inputs` says when it is worth trying again. */
export class BuildError extends PluginSourceError {
  readonly inputs: Fingerprint;
  /** It failed for want of something where it is built, not because of what is built. */
  readonly isOfPlace: boolean;
  constructor(
    message: string,
    inputs: Fingerprint,
    location?: PluginSourceError['location'],
    cause?: unknown,
    isOfPlace = false,
  ) {
    super('ERR_PLUGIN_BUILD', message, location, inputs, { cause });
    this.inputs = inputs;
    this.isOfPlace = isOfPlace;
  }
}

/** What the author is told of a build that failed. */
export function explainBuildError(error: unknown, entry: string, inputs: Fingerprint): BuildError {
  const { errors = [] } = error as Partial<BuildFailure>;
  // What is wrong in a tsconfig.json explains why imports by its paths are not found.
  const first = errors.find(({ location }) => location?.file.endsWith('.json')) ?? errors[0];
  if (first === undefined) {
    const text = `${entry} could not be built: ${(error as Error).message}`;
    return new BuildError(text, inputs, undefined, error, isLack(error) || hasLostEsbuild(error));
  }
  if (first.location === null && isGone(entry)) {
    return new BuildError(`${entry} is not there`, inputs, undefined, error);
  }
  const others = errors.length === 1 ? '' : ` (and ${errors.length - 1} more)`;
  const { location } = first;
  const directory = dirname(entry);
  const place =
    location === null
      ? undefined
      : {
          file: meantBy(resolve(directory, location.file), inputs.paths),
          line: location.line,
          column: authorsColumn(location),
        };
  const text = withNamesIn(`${first.text}${others}${advice(first)}`, directory, inputs.paths);
  return new BuildError(text, inputs, place, error, NOT_WRITTEN.test(first.text) || isLack(first.detail));
}

/** How to mend it. What esbuild says of itself, leaving out what only those can do who call it. */
function advice({ text, notes }: Message): string {
  const given = notes
    .map((note) => note.text.replace(/:$/, '.'))
    .filter((note) => !/^You can mark/.test(note));
  if (given.length > 0) return `. ${given.join(' ')}`;
  if (NOT_WRITTEN.test(text)) return '. The temporary directory is full, or cannot be written';
  if (/^Could not resolve ".*\*.*"$/.test(text)) return `, as ${PATTERN}`;
  const missing = /^Could not resolve "([^./#][^"]*)"$/.exec(text)?.[1];
  return missing === undefined ? '' : `. Is the package installed? Try: npm install ${packageName(missing)}`;
}

/** The package that an import names. */
export function packageName(specifier: string): string {
  return /^(@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier;
}
