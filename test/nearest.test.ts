import { expect, it } from 'vitest';
import { nearest } from '#internal/nearest';

const KNOWN = ['roll', 'reload', 'quote', 'poll-end', 'debounce_delay'];

it.each([
  ['rol', 'roll'],
  ['orll', 'roll'],
  ['ROLLL', 'roll'],
  ['relaod', 'reload'],
  ['qoute', 'quote'],
  ['pollend', 'poll-end'],
  ['debounce', 'debounce_delay'],
  ['DEB', 'debounce_delay'],
  ['de', undefined],
  ['delay', undefined],
  ['xyzzy', undefined],
  ['q', undefined],
  ['', undefined],
])('for %j suggests %j', (word, expected) => {
  expect(nearest(word, KNOWN)).toBe(expected);
});
