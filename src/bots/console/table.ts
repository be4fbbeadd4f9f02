import { stripVTControlCharacters } from 'node:util';
import type { Style } from './style.ts';

/** Columns as wide as their widest cell, two spaces apart; the last one is not padded. */
export function table(head: string[], rows: string[][], style: Style): string {
  const widths = head.map((title, column) =>
    Math.max(width(title), ...rows.map((row) => width(row[column] ?? ''))),
  );
  const line = (cells: string[]) =>
    cells
      .map((cell, column) => cell + ' '.repeat(Math.max(0, (widths[column] ?? 0) - width(cell))))
      .join('  ')
      .trimEnd();
  return [style('bold', line(head)), ...rows.map(line)].join('\n');
}

/** Code points, near enough to columns on a screen. */
export function width(text: string): number {
  return [...stripVTControlCharacters(text)].length;
}
