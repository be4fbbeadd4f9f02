export interface SourceLocation {
  file: string;
  /** From 1. */
  line: number;
  /** From 1. */
  column: number;
}

/** The lines around a place, with a mark under it. */
export function codeFrame(source: string, { line, column }: SourceLocation): string {
  const lines = source.split('\n');
  const first = Math.max(1, line - 2);
  const last = Math.min(lines.length, line + 1);
  const width = String(last).length;
  const frame: string[] = [];
  for (let number = first; number <= last; number++) {
    const text = printable((lines[number - 1] ?? '').slice(0, 200));
    frame.push(`${number === line ? '>' : ' '} ${String(number).padStart(width)} | ${text}`);
    if (number === line && column <= 200) frame.push(`  ${' '.repeat(width)} | ${' '.repeat(column - 1)}^`);
  }
  return frame.join('\n');
}

/** Nothing in it moves the cursor or changes the screen it is printed on. */
function printable(line: string): string {
  return line
    .replace(/\r$/, '')
    .replaceAll('\t', ' ')
    .replace(/[\p{Cc}\u2028\u2029]/gu, '\uFFFD');
}
