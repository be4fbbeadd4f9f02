import { mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const RESULTS = new URL('../results/', import.meta.url);

/**
 * @typedef {object} Target
 * @property {string} what what was measured
 * @property {string} target what it should be
 * @property {string} measured what it is
 * @property {boolean} met
 */

/**
 * A table with aligned columns: the first to the left, the others to the right.
 *
 * @param {string} title
 * @param {string[]} head
 * @param {(string | number)[][]} rows
 */
export function printTable(title, head, rows) {
  const lines = [head, ...rows].map((row) => row.map(String));
  const widths = head.map((_, column) => Math.max(...lines.map((line) => line[column].length)));
  const aligned = lines.map((line) =>
    line
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column]) : cell.padStart(widths[column])))
      .join('  '),
  );
  process.stdout.write(`\n${title}\n${aligned.map((line) => `  ${line.trimEnd()}\n`).join('')}`);
}

/**
 * Shows every target and whether it is met. Outside a quick run a missed one makes the process end with code 1.
 *
 * @param {readonly Target[]} targets
 * @param {boolean} quick
 */
export function printTargets(targets, quick) {
  const rows = targets.map(({ what, target, measured, met }) => [
    what,
    target,
    measured,
    met ? 'met' : 'MISSED',
  ]);
  printTable(quick ? 'Targets (a quick run: not judged)' : 'Targets', ['', 'target', 'measured', ''], rows);
  if (!quick && targets.some(({ met }) => !met)) process.exitCode = 1;
}

/** What a figure means nothing without. */
export function machine() {
  return {
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
    cores: availableParallelism(),
  };
}

/**
 * Writes a result beside those of other Node versions, and says where.
 *
 * @param {string} name for example `memory.json`; the Node version is put in
 * @param {string | object} content
 */
export async function writeResult(name, content) {
  const [base, extension] = name.split('.');
  const file = new URL(`${base}.node${process.versions.node.split('.')[0]}.${extension}`, RESULTS);
  await mkdir(RESULTS, { recursive: true });
  await writeFile(file, typeof content === 'string' ? content : `${JSON.stringify(content, rounded, 2)}\n`);
  process.stdout.write(`${relative(process.cwd(), fileURLToPath(file))}\n`);
}

/**
 * More digits than anybody measured make a result hard to read.
 *
 * @param {string} _key
 * @param {unknown} value
 */
function rounded(_key, value) {
  return typeof value === 'number' ? Math.round(value * 1000) / 1000 : value;
}

/**
 * One line on standard error that says how far it is: rewritten in place on a terminal, else at each tenth.
 *
 * @param {string} what
 * @param {number} total
 */
export function progress(what, total) {
  const startedAt = performance.now();
  let lastTenth = -1;
  return {
    /** @param {number} done */
    update(done) {
      const seconds = Math.round((performance.now() - startedAt) / 1000);
      const line = `${what}: ${done} of ${total}, ${seconds} s`;
      const tenth = Math.floor((done / total) * 10);
      if (process.stderr.isTTY) process.stderr.write(`\r${line}${done >= total ? '\n' : ''}`);
      else if (tenth > lastTenth) process.stderr.write(`${line}\n`);
      lastTenth = tenth;
    },
  };
}
