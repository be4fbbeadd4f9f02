import { expect, it } from 'vitest';
import { cutLine, Lines, MAX_LINE } from '#internal/wire/lines';

it.each<[what: string, pieces: string[], lines: string[]]>([
  ['splits what comes at once', ['a\nb\n'], ['a', 'b']],
  ['joins what comes in pieces', ['a', 'b\nc', '\n'], ['ab', 'c']],
  ['keeps empty lines', ['\n\na\n'], ['', '', 'a']],
  ['ends the last line', ['a\nb'], ['a', 'b']],
])('%s', (_what, pieces, expected) => {
  const lines: string[] = [];
  const splitter = new Lines({ line: (line) => lines.push(line) });
  for (const piece of pieces) splitter.write(piece);
  splitter.flush();
  expect(lines).toEqual(expected);
});

it('cuts a line that is too long, in pieces or at once, and says by how much', () => {
  const long = 'x'.repeat(MAX_LINE + 5);
  const cut = `${'x'.repeat(MAX_LINE)} … (5 more characters)`;
  expect(cutLine(long)).toBe(cut);
  const lines: string[] = [];
  const splitter = new Lines({ line: (line) => lines.push(line) });
  splitter.write(`${long}\nshort\n`);
  for (const letter of long) splitter.write(letter);
  splitter.flush();
  expect(lines).toEqual([cut, 'short', cut]);
});

it('makes no lines while they are not wanted, and counts them', () => {
  const lines: string[] = [];
  let skipped = 0;
  let isSpent = false;
  const splitter = new Lines({
    line: (line) => {
      lines.push(line);
      isSpent = lines.length === 2;
    },
    isSpent: () => isSpent,
    skipped: (count) => {
      skipped += count;
    },
  });
  splitter.write('a\nb\nc\nd\npart');
  splitter.write(' of it\ne');
  isSpent = false;
  splitter.write('f\n');
  splitter.flush();
  expect({ lines, skipped }).toEqual({ lines: ['a', 'b', 'ef'], skipped: 3 });
});
