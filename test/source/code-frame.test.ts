import { expect, it } from 'vitest';
import { codeFrame } from '#internal/source/code-frame';

it('keeps the mark under its column, whatever characters a line has', () => {
  const source = 'first\r\n\tü\u001b[2J\u0085 here\r\nlast\r\n';
  expect(codeFrame(source, { file: 'a.ts', line: 2, column: 9 }).split('\n')).toEqual([
    '  1 | first',
    '> 2 |  ü\uFFFD[2J\uFFFD here',
    '    |         ^',
    '  3 | last',
  ]);
});
