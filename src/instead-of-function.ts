import { types } from 'node:util';

/**
 * What somebody gave instead of a function that does something when it is called, for a message; `undefined` if it is one.
 * A generator, async or not, would only return an iterator, which nobody asks for anything.
 */
export function insteadOfFunction(value: unknown): string | undefined {
  if (typeof value !== 'function') return value === null ? 'null' : typeof value;
  return types.isGeneratorFunction(value) ? 'generator function, of which a call runs nothing' : undefined;
}
