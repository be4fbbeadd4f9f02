import { mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where results are kept. Those of shorter runs have folders below it, so that they do not replace what took long. */
export const RESULTS = new URL('../results/', import.meta.url);
let folder = RESULTS;

/** @param {'quick' | 'short'} name of a folder in {@link RESULTS} */
export function keepResultsIn(name) {
  folder = new URL(`${name}/`, RESULTS);
}

/**
 * @typedef {object} Target
 * @property {string} what what was measured
 * @property {string} target what it should be
 * @property {string} measured what it is
 * @property {boolean} met
 */

/**
 * How Bulkhead compares with something that was measured beside it.
 *
 * @typedef {object} Ratio
 * @property {string} name
 * @property {'higher' | 'lower'} better
 * @property {number} min
 * @property {number} median
 * @property {number} max
 */

/**
 * A table with aligned columns: those without a head to the left, figures to the right.
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
      .map((cell, column) =>
        head[column] === '' ? cell.padEnd(widths[column]) : cell.padStart(widths[column]),
      )
      .join('  '),
  );
  process.stdout.write(`\n${title}\n${aligned.map((line) => `  ${line.trimEnd()}\n`).join('')}`);
}

/**
 * What there is to say on some rows of a table, below it, where there is room.
 *
 * @param {{ label: string, note: string }[]} notes
 */
export function printNotes(notes) {
  for (const { label, note } of notes) if (note !== '') process.stdout.write(`  ${label}: ${note}\n`);
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
  const file = new URL(resultName(name), folder);
  await mkdir(folder, { recursive: true });
  await writeFile(file, typeof content === 'string' ? content : `${JSON.stringify(content, rounded, 2)}\n`);
  process.stdout.write(`${relative(process.cwd(), fileURLToPath(file))}\n`);
}

/**
 * @param {string} name for example `memory.json`
 * @returns the same with the Node version put in
 */
export function resultName(name) {
  const [base, extension] = name.split('.');
  return `${base}.node${process.versions.node.split('.')[0]}.${extension}`;
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
