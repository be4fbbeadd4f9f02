import { parseArgs } from 'node:util';
import { runOnNodes } from './nodes.mjs';

/**
 * @typedef {object} NumberOption
 * @property {number} full its value in a run that counts
 * @property {number} quick its value with `--quick`, which only shows that everything works
 * @property {string} about one line for `--help`
 * @property {number} [least] the smallest value that makes sense; 1 unless given
 * @property {boolean} [fraction] whether it need not be whole
 */

/**
 * @typedef {object} OtherOption
 * @property {'string' | 'boolean'} type
 * @property {string} about one line for `--help`
 */

/**
 * Reads the command line: a number for each of `options`, a list for each of `lists`, what `others` says, `--quick`, `--node`
 * and `--help`. Ends the process if it makes no sense, and also if it names other Nodes, once everything has run on those.
 *
 * @template {string} K
 * @template {string} [L=never]
 * @template {string} [O=never]
 * @param {Record<K, NumberOption>} options
 * @param {Record<L, { of: readonly string[], about: string }>} [lists] names that may be given, comma between; all unless given
 * @param {Record<O, OtherOption>} [others] not there unless given
 * @returns {Record<K, number> & Record<L, string[]> & Record<O, any> & { quick: boolean }}
 */
export function readArguments(options, lists, others) {
  const known = /** @type {Record<string, { of: readonly string[], about: string }>} */ (lists ?? {});
  const more = /** @type {Record<string, OtherOption>} */ (others ?? {});
  const given = parse([...Object.keys(options), ...Object.keys(known)], more);
  if (given.help) {
    process.stdout.write(usage(options, known, more));
    process.exit(0);
  }
  if (typeof given.node === 'string') process.exit(runOnNodes(given.node.split(',')));
  const quick = given.quick === true;
  const numbers = Object.entries(/** @type {Record<string, NumberOption>} */ (options)).map(
    ([name, { full, quick: short, least = 1, fraction = false }]) => {
      const value = given[name] === undefined ? (quick ? short : full) : Number(given[name]);
      if (!(fraction ? value > 0 : Number.isInteger(value) && value >= least))
        fail(
          `--${name} needs a ${fraction ? 'number above 0' : `whole number from ${least}`}, got '${given[name]}'`,
        );
      return [name, value];
    },
  );
  const chosen = Object.entries(known).map(([name, { of }]) => {
    const names = given[name] === undefined ? [...of] : String(given[name]).split(',').filter(Boolean);
    const odd = names.find((each) => !of.includes(each));
    if (odd !== undefined) fail(`--${name}: there is no '${odd}'; there are ${of.join(', ')}`);
    return [name, names];
  });
  const rest = Object.keys(more).map((name) => [name, given[name]]);
  return Object.fromEntries([...numbers, ...chosen, ...rest, ['quick', quick]]);
}

/**
 * @param {string[]} names
 * @param {Record<string, OtherOption>} others
 * @returns {Record<string, unknown>}
 */
function parse(names, others) {
  const valued = Object.fromEntries([...names, 'node'].map((name) => [name, { type: 'string' }]));
  try {
    const flags = { quick: { type: 'boolean' }, help: { type: 'boolean' } };
    return parseArgs({ options: /** @type {any} */ ({ ...valued, ...others, ...flags }) }).values;
  } catch (error) {
    return fail(/** @type {Error} */ (error).message);
  }
}

/**
 * @param {Record<string, NumberOption>} options
 * @param {Record<string, { of: readonly string[], about: string }>} lists
 * @param {Record<string, OtherOption>} others
 */
function usage(options, lists, others) {
  const lines = [
    ...Object.entries(options).map(([name, { full, quick, about }]) => [
      `--${name} <n>`,
      `${about} (${full}; with --quick ${quick})`,
    ]),
    ...Object.entries(lists).map(([name, { of, about }]) => [`--${name} <…>`, `${about}: ${of.join(',')}`]),
    ...Object.entries(others).map(([name, { type, about }]) => [
      `--${name}${type === 'string' ? ' <text>' : ''}`,
      about,
    ]),
    ['--node <…>', 'run on these versions of Node, for example 20,22,24,26'],
    ['--quick', 'a short run, whose figures are not judged'],
  ];
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
