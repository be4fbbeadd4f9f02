// @ts-check
import { definePlugin } from 'bulkhead/plugin';
import { z } from 'zod';

/**
 * What is remembered of a person.
 *
 * @typedef {object} Sighting
 * @property {string} user as it was last written
 * @property {string} channel
 * @property {string} text
 * @property {number} at milliseconds since 1970
 */

const MAX_TEXT = 200;

export default definePlugin({
  name: 'seen',
  displayName: 'Seen',
  version: '1.0.0',
  description: 'Knows who was last seen when, and saying what',
  author: 'Bulkhead',
  config: z.strictObject({
    /** Most people that are remembered; whoever was quiet for the longest time is forgotten first. */
    maxPeople: z.number().int().min(1).default(1000),
  }),
  setup(ctx) {
    // The state is what survives; the map has the same people in the order they were last seen.
    const people = new Map(
      /** @type {[string, Sighting][]} */ (ctx.state.entries()).sort(([, a], [, b]) => a.at - b.at),
    );

    /** @param {string} key */
    function forget(key) {
      people.delete(key);
      ctx.state.delete(key);
    }

    /** @param {{ channel: string, user: string, text: string }} message */
    function remember({ channel, user, text }) {
      const key = keyOf(user);
      const sighting = { user, channel, text: shorten(text), at: Date.now() };
      people.delete(key);
      people.set(key, sighting);
      ctx.state.set(key, sighting);
      for (const oldest of people.keys()) {
        if (people.size <= ctx.config.maxPeople) break;
        forget(oldest);
      }
    }

    ctx.on('chat.message', remember);

    ctx.command(
      'seen',
      { usage: '<name>', description: 'When somebody was last seen, and what they said' },
      ([name], { user }) => {
        if (name === undefined) return 'Whom are you looking for? !seen <name>';
        const key = keyOf(name);
        if (key === keyOf(user)) return `You are right here, ${user}.`;
        const found = people.get(key);
        if (found === undefined) return `I have not seen ${name}.`;
        return `${found.user} was last seen ${ago(Date.now() - found.at)} saying: ${found.text}`;
      },
    );

    return {
      /**
       * For the bot: `await manager.plugin('seen').lastSeen('ada')`
       *
       * @param {string} name
       */
      lastSeen: (name) => people.get(keyOf(name)),
    };
  },
});

/**
 * One person, however the name is written: `Ada`, `ada`, `@ada`.
 *
 * @param {string} name
 */
function keyOf(name) {
  return name.replace(/^@/, '').normalize('NFC').toLowerCase();
}

/** @param {string} text */
function shorten(text) {
  const line = text.replace(/\s+/g, ' ').trim();
  if (line.length <= MAX_TEXT) return line;
  // Not in the middle of a character that takes two places, such as an emoji.
  return `${line.slice(0, MAX_TEXT - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}

const inWords = new Intl.RelativeTimeFormat('en');

/** @type {[unit: Intl.RelativeTimeFormatUnit, ms: number][]} */
const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000],
];

/**
 * `5 minutes ago`
 *
 * @param {number} ms
 */
function ago(ms) {
  const [unit, length] = UNITS.find(([, length]) => ms >= length) ?? [];
  return unit === undefined || length === undefined
    ? 'just now'
    : inWords.format(-Math.floor(ms / length), unit);
}
