import { parseArgs } from 'node:util';

/**
 * @typedef {object} NumberOption
 * @property {number} full its value in a run that counts
 * @property {number} quick its value with `--quick`, which only shows that everything works
 * @property {string} about one line for `--help`
 * @property {number} [least] the smallest value that makes sense; 1 unless given
 */

/**
 * Reads the command line: a number for each of `options`, `--quick` and `--help`. Ends the process if it makes no sense.
 *
 * @template {string} K
 * @param {Record<K, NumberOption>} options
 * @returns {Record<K, number> & { quick: boolean }}
 */
export function readArguments(options) {
  const names = /** @type {K[]} */ (Object.keys(options));
  const given = parse(names);
  if (given.help) {
    process.stdout.write(usage(options));
    process.exit(0);
  }
  const quick = given.quick === true;
  const values = names.map((name) => {
    const { full, quick: short, least = 1 } = options[name];
    const value = given[name] === undefined ? (quick ? short : full) : Number(given[name]);
    if (!Number.isInteger(value) || value < least)
      fail(`--${name} needs a whole number from ${least}, got '${given[name]}'`);
    return [name, value];
  });
  return { ...Object.fromEntries(values), quick };
}

/**
 * @param {string[]} names
 * @returns {Record<string, unknown>}
 */
function parse(names) {
  const numbers = Object.fromEntries(names.map((name) => [name, { type: 'string' }]));
  try {
    const flags = { quick: { type: 'boolean' }, help: { type: 'boolean' } };
    return parseArgs({ options: /** @type {any} */ ({ ...numbers, ...flags }) }).values;
  } catch (error) {
    return fail(/** @type {Error} */ (error).message);
  }
}

/** @param {Record<string, NumberOption>} options */
function usage(options) {
  const lines = Object.entries(options).map(([name, { full, quick, about }]) => [
    `--${name} <n>`,
    `${about} (${full}; with --quick ${quick})`,
  ]);
  lines.push(['--quick', 'a short run, whose figures are not judged']);
  return lines.map(([option, about]) => `  ${option.padEnd(18)}${about}\n`).join('');
}

/**
 * @param {string} text
 * @returns {never}
 */
function fail(text) {
  process.stderr.write(`${text}\nTry --help.\n`);
  process.exit(2);
}
