import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { memorySettings } from '#internal/cli/memory-settings';
import { progress } from '../support/report.mjs';
import { useScratchFolder } from '../support/scratch.mjs';

/**
 * @typedef {object} Run
 * @property {import('./sample.mjs').Sample[]} samples
 * @property {import('./sample.mjs').Sample} start
 * @property {import('./sample.mjs').Sample} end
 * @property {number} [generations] how many there were
 * @property {number} [uncollected] how many of them are still in memory after the end
 */

/**
 * Runs one of the loops in a process of its own.
 *
 * @param {string} script
 * @param {string} what for the progress line
 * @param {{ turns: number, every: number, settle: number }} run a sample every so many turns, after so many ms
 * @returns {Promise<Run>}
 */
export function runLoopProcess(script, what, { turns, every, settle }) {
  const file = fileURLToPath(new URL(script, import.meta.url));
  useScratchFolder();
  // Those of the program `bulkhead`, which the README advises for others.
  const { env, flags } = memorySettings();
  const execArgv = ['--expose-gc', ...flags];
  const child = fork(file, [`${turns}`, `${every}`, `${settle}`], { execArgv, env });
  const shown = progress(what, turns);
  return new Promise((resolve, reject) => {
    /** @type {Run['samples']} */
    const samples = [];
    child.on('message', (/** @type {any} */ { kind, ...message }) => {
      if (kind === 'end') resolve({ ...message, samples });
      else {
        samples.push(message.sample);
        shown.update(message.sample.at);
      }
    });
    child.on('exit', (code, signal) =>
      reject(new Error(`${script} ended with ${signal ?? `code ${code}`} before its last sample`)),
    );
  });
}
