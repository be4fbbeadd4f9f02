/** The two that are compared, and what their processes run. */
export const BULKHEAD = { name: 'bulkhead', script: 'plugin-host.mjs' };
export const BARE = { name: 'bare', script: 'bare-host.mjs' };

/**
 * @typedef {object} Figures what was measured of one number of plugins, or threads
 * @property {number[]} startMs until all run
 * @property {number[]} memoryMb of the whole process, one of each round
 * @property {number[]} idlePercent of a core
 * @property {number[]} reloadMs
 * @property {number[]} eventMs until all have handled it
 */

/**
 * @param {readonly number[]} sizes
 * @returns {Record<string, Record<number, Figures>>} by name and size
 */
export function figuresOf(sizes) {
  const none = () => ({ startMs: [], memoryMb: [], idlePercent: [], reloadMs: [], eventMs: [] });
  const ofSizes = () => Object.fromEntries(sizes.map((size) => [size, none()]));
  return { [BULKHEAD.name]: ofSizes(), [BARE.name]: ofSizes() };
}

/**
 * What each of them takes beyond the first, which has the process with it, MB; by round.
 *
 * @param {Record<number, Figures>} figures
 * @param {number} size
 */
export function memoryOfOne(figures, size) {
  const first = figures[1].memoryMb;
  return figures[size].memoryMb.map((mb, round) => (mb - first[round]) / (size - 1));
}

/**
 * Pair by pair, since the two of a pair were measured one after the other.
 *
 * @param {readonly number[]} own
 * @param {readonly number[]} other
 */
export function ratios(own, other) {
  return own.map((value, index) => value / other[index]);
}
