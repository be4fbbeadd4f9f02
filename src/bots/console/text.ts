import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';

/** Text of plugins and users, without what would move the cursor or change the colours of the terminal. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is to be removed
  return stripVTControlCharacters(text).replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '');
}

export function indent(text: string): string {
  return text.replace(/^(?=.)/gm, '  ');
}

/** One that announces something takes the next line along. */
export function firstLine(text: string): string {
  const [first = '', next = ''] = text.split('\n', 2);
  return first.endsWith(':') ? `${first} ${next.trim()}`.replace(/: $/, '') : first;
}

/** `1.2 ms`, `340 ms`, `12.3 s`: as many digits as mean something. */
export function duration(ms: number): string {
  if (ms < 99.95) return `${ms.toFixed(1)} ms`;
  return ms < 10_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;
}

/** `plugins/dice.ts:12`, where the author's code threw it; empty if it did not. */
export function placeOf(error: unknown): string {
  const [, file, line] = /(?:\(|at (?:async )?)([^()]+):(\d+):\d+\)?$/.exec(firstLine(placesOf(error))) ?? [];
  if (file === undefined) return '';
  return `${relative('', file.startsWith('file:') ? fileURLToPath(file) : file)}:${line}`;
}

/** Where Bulkhead itself lies: its own frames say nothing to a plugin's author. */
const OWN_CODE = new URL('../../', import.meta.url).href;

/** The lines of a stack that lead to the author's code. Takes errors, and what log fields have in place of them: plain data. */
export function placesOf(error: unknown): string {
  const hasStack = typeof error === 'object' && error !== null && 'stack' in error;
  const stack = hasStack && typeof error.stack === 'string' ? error.stack : '';
  return stack
    .split('\n')
    .filter((line) => /^\s+at /.test(line) && !line.includes('node:') && !line.includes(OWN_CODE))
    .map((line) => line.trim())
    .join('\n');
}
