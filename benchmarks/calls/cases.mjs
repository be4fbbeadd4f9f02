import { callRate, eventRate } from './rates.mjs';

/** @typedef {import('./contenders.mjs').Contender} Contender */
/** @typedef {import('./rates.mjs').Rate} Rate */

/**
 * @typedef {object} Case
 * @property {string} what
 * @property {number} [least] the rate it should have at least, as a multiple of bare comlink's
 * @property {(contender: Contender, ms: number) => Promise<Rate>} measure
 */

const IN_FLIGHT = [1, 64, 1_000];
const MESSAGE = {
  user: 'ada',
  channel: 'main',
  text: 'hello there',
  at: 1_700_000_000_000,
  tags: ['a', 'b'],
};
const TEXT = 'x'.repeat(10 * 1024);

/** @type {Record<string, (contender: Contender) => Promise<unknown>>} */
const CALLS = {
  'add two numbers': (contender) => contender.add(2, 3),
  'small object': (contender) => contender.echo(MESSAGE),
  '10 KB of text': (contender) => contender.echo(TEXT),
};

/** @type {Case[]} */
export const CASES = [
  ...Object.entries(CALLS).flatMap(([what, call]) =>
    IN_FLIGHT.map((inFlight) => ({
      what: `${what}, ${inFlight} in flight`,
      ...(inFlight === 1_000 ? { least: 0.9 } : {}),
      measure: (/** @type {Contender} */ contender, /** @type {number} */ ms) =>
        callRate(() => call(contender), inFlight, ms),
    })),
  ),
  {
    what: 'events, batches of 100, one by one',
    measure: (contender, ms) => eventRate(contender, MESSAGE, 1, ms),
  },
  {
    what: 'events, batches of 100, 4 under way',
    least: 3,
    measure: (contender, ms) => eventRate(contender, MESSAGE, 4, ms),
  },
];
