import { parseArgs } from 'node:util';
import { binariesOf, runOnNodes } from './nodes.mjs';
import { keepResultsIn } from './report.mjs';

/**
 * @typedef {object} NumberOption
 * @property {number} full its value in a run that counts
 * @property {number} quick its value with `--quick`, which only shows that everything works
 * @property {string} about one line for `--help`
 * @property {number} [least] the smallest value that makes sense; 1 unless given
 * @property {boolean} [fraction] whether it need not be whole
 */

/**
 * @typedef {object} ListOption
 * @property {readonly string[]} of names that may be given, comma between; all unless given
 * @property {readonly string[]} [quick] those with `--quick`, if not all
 * @property {string} about one line for `--help`
 */

/**
 * @typedef {object} OtherOption
 * @property {'string' | 'boolean'} type
 * @property {string} about one line for `--help`
 */

/**
 * Reads the command line: a number for each of `options`, a list for each of `lists`, what `others` says, `--quick`, `--node`
 * and `--help`. Ends the process if it makes no sense, and also if it names other Nodes, once everything has run on those.
 * What is measured less than it should be is kept apart from the results that count.
 *
 * @template {string} K
 * @template {string} [L=never]
 * @template {string} [O=never]
 * @param {Record<K, NumberOption>} options
 * @param {Record<L, ListOption>} [lists]
 * @param {Record<O, OtherOption>} [others] not there unless given
 * @returns {Record<K, number> & Record<L, string[]> & Record<O, any> & { quick: boolean }}
 */
export function readArguments(options, lists, others) {
  const known = /** @type {Record<string, ListOption>} */ (lists ?? {});
  const more = /** @type {Record<string, OtherOption>} */ (others ?? {});
  const given = parse([...Object.keys(options), ...Object.keys(known)], more);
  if (given.help) {
    process.stdout.write(usage(options, known, more));
    process.exit(0);
  }
  if (typeof given.node === 'string') process.exit(runOnNodes(orFail(binariesOf, given.node.split(','))));
  const quick = given.quick === true;
  // Such as the faults that are looked at.
  let short = Object.entries(more).some(([name, { type }]) => type === 'string' && given[name] !== undefined);
  const numbers = Object.entries(/** @type {Record<string, NumberOption>} */ (options)).map(
    ([name, { full, quick: less, least = 1, fraction = false }]) => {
      const value = given[name] === undefined ? (quick ? less : full) : Number(given[name]);
      if (!(fraction ? value > 0 : Number.isInteger(value) && value >= least))
        fail(
          `--${name} needs a ${fraction ? 'number above 0' : `whole number from ${least}`}, got '${given[name]}'`,
        );
      short ||= value < full;
      return [name, value];
    },
  );
  const chosen = Object.entries(known).map(([name, { of, quick: less = of }]) => {
    const names = given[name] === undefined ? [...(quick ? less : of)] : String(given[name]).split(',');
    const odd = names.find((each) => !of.includes(each));
    if (odd !== undefined) fail(`--${name}: there is no '${odd}'; there are ${of.join(', ')}`);
    short ||= of.some((each) => !names.includes(each));
    return [name, names];
  });
  if (quick || short) keepResultsIn(quick ? 'quick' : 'short');
  const rest = Object.keys(more).map((name) => [name, given[name]]);
  return Object.fromEntries([...numbers, ...chosen, ...rest, ['quick', quick]]);
}

/**
 * @template T, R
 * @param {(value: T) => R} step
 * @param {T} value
 */
function orFail(step, value) {
  try {
    return step(value);
  } catch (error) {
    return fail(/** @type {Error} */ (error).message);
  }
}

/**
 * @param {string[]} names
 * @param {Record<string, OtherOption>} others
 * @returns {Record<string, unknown>}
 */
function parse(names, others) {
  const valued = Object.fromEntries([...names, 'node'].map((name) => [name, { type: 'string' }]));
  const flags = { quick: { type: 'boolean' }, help: { type: 'boolean' } };
  const options = /** @type {any} */ ({ ...valued, ...others, ...flags });
  return /** @type {Record<string, unknown>} */ (orFail(parseArgs, { options }).values);
}

/**
 * @param {Record<string, NumberOption>} options
 * @param {Record<string, ListOption>} lists
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
  const listed = lines.map(([option, about]) => `  ${option.padEnd(18)}${about}\n`);
  return `Options, with npm after \`--\`:\n${listed.join('')}`;
}

/**
 * @param {string} text
 * @returns {never}
 */
function fail(text) {
  process.stderr.write(`${text}\nTry --help.\n`);
  process.exit(2);
}
