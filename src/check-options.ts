import { inspect } from 'node:util';
import { invalidArgument } from './errors.ts';

/**
 * For the options that a function takes: a misspelt one would be none.
 *
 * @throws {BulkheadError} `ERR_INVALID_ARGUMENT`
 */
export function checkOptions(what: string, options: unknown, known: readonly string[]): void {
  const isObject = typeof options === 'object' && options !== null;
  const unknown = isObject ? Object.keys(options).find((key) => !known.includes(key)) : inspect(options);
  if (unknown === undefined) return;
  throw invalidArgument(`${what} has the options ${known.join(', ')}; got ${unknown}`);
}
