import { LARGE_TEXT, MESSAGE, TEXT } from '../support/payloads.mjs';
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
/** A thousand megabytes under way at once measure the machine's memory. */
const IN_FLIGHT_LARGE = [1, 64];

/** @type {{ what: string, inFlight: number[], call: (contender: Contender) => Promise<unknown> }[]} */
const CALLS = [
  { what: 'two numbers', inFlight: IN_FLIGHT, call: (contender) => contender.add(2, 3) },
  { what: '0.1 KB object', inFlight: IN_FLIGHT, call: (contender) => contender.echo(MESSAGE) },
  { what: '10 KB text', inFlight: IN_FLIGHT, call: (contender) => contender.echo(TEXT) },
  { what: '1,000 KB text', inFlight: IN_FLIGHT_LARGE, call: (contender) => contender.echo(LARGE_TEXT) },
];

/** @type {Case[]} */
export const CASES = [
  ...CALLS.flatMap(({ what, inFlight: numbers, call }) =>
    numbers.map((inFlight) => ({
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
