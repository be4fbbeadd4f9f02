import { splitQuote } from './text.ts';

/**
 * Version 1 was one list of lines, `{ quotes: ['Ship it. - Ada'] }`, and a quote's number its place in it. Version 2 keeps
 * each quote under its own key, as an object. Who added the old ones, and when, nobody knows any more.
 */
export function migrate(old: Record<string, unknown>, fromVersion: number): Record<string, unknown> {
  if (fromVersion !== 1) {
    throw new Error(`These quotes were stored as version ${fromVersion}; versions 1 and 2 can be read`);
  }
  const lines = (old.quotes ?? []) as string[];
  const quotes = lines.map((line, index) => ({ number: index + 1, ...splitQuote(line) }));
  return {
    lastNumber: quotes.length,
    ...Object.fromEntries(quotes.map((quote) => [`quote:${quote.number}`, quote])),
  };
}
