import { expect, it } from 'vitest';
import { table } from '#internal/bots/console/table';
import { duration, firstLine, indent, printable } from '#internal/bots/console/text';

it.each([
  [0, '0.0 ms'],
  [1.25, '1.3 ms'],
  [99.96, '100 ms'],
  [1234.5, '1235 ms'],
  [60_000, '60.0 s'],
])('shows %d ms as %s', (ms, text) => {
  expect(duration(ms)).toBe(text);
});

it('keeps what would act on the terminal out of texts of plugins', () => {
  expect(printable('a\u001b[31mb\u001b[2Jc\rd\u0007e\tf\n\u009bg')).toBe('abcde\tf\n');
});

it.each([
  ['one', 'one'],
  ['one\ntwo', 'one'],
  ['It is stuck here:\n    at spin (a.ts:1:2)\n    at b', 'It is stuck here: at spin (a.ts:1:2)'],
  ['It is stuck here:', 'It is stuck here'],
])('makes one line of %j', (text, line) => {
  expect(firstLine(text)).toBe(line);
});

it('indents every line that has text', () => {
  expect(indent('a\n\nb')).toBe('  a\n\n  b');
});

it('aligns columns by what is seen of their cells, colours and wide characters apart', () => {
  const plain = (_format: unknown, text: string) => text;
  const rows = [
    ['dice', '\u001b[32mok\u001b[39m', 'x'],
    ['🎲🎲', 'failed'],
  ];
  expect(table(['name', 'is', 'more'], rows, plain).split('\n')).toEqual([
    'name  is      more',
    'dice  \u001b[32mok\u001b[39m      x',
    '🎲🎲    failed',
  ]);
});
