import { definePlugin } from 'bulkhead/plugin';
import { z } from 'zod';
import { NotationError } from './notation.ts';
import { describeOdds, type Odds, type OddsInput, splitComparison } from './odds.ts';
import { parseDice } from './parse.ts';
import { describeRoll, type Roll, rollDice } from './roll.ts';

/** What `manager.plugin<DiceApi>('dice')` offers. */
export interface DiceApi {
  /** Rejects with code `ERR_DICE_NOTATION` if the notation cannot be rolled. */
  roll(notation: string): Roll & { text: string };
}

/** Most notations take less than a second. */
const MAX_ODDS_MS = 5_000;

export default definePlugin({
  name: 'dice',
  displayName: 'Dice',
  version: '1.2.0',
  description: 'Rolls dice and tells the odds',
  author: 'Bulkhead',
  config: z.strictObject({
    /** Most dice in one notation. */
    maxDice: z.number().int().min(1).max(1000).default(100),
    /** Most sides of a die. */
    maxSides: z.number().int().min(2).max(1_000_000).default(1000),
  }),
  setup(ctx): DiceApi {
    const roll = (notation: string) => {
      const rolled = rollDice(parseDice(notation, ctx.config));
      return { ...rolled, text: describeRoll(rolled) };
    };

    ctx.command(
      'roll',
      {
        usage: '[4d6kh3+2]',
        description: 'Rolls dice, also with kh3, dl1, !, r1, d% or dF',
      },
      (args, { user }) => {
        const notation = args.join(' ') || '1d6';
        return orExplain(() => `${user} rolls ${notation}: ${roll(notation).text}`);
      },
    );

    ctx.command(
      'odds',
      { usage: '<4d6kh3> [>= 12]', description: 'How likely a roll is, or what to expect of the dice' },
      (args) =>
        orExplain(async () => {
          const asked = args.join(' ');
          const { notation, comparison } = splitComparison(asked);
          const input: OddsInput = { terms: parseDice(notation, ctx.config), comparison };
          // In the pool it holds up nobody who rolls meanwhile; what takes longer is ended.
          const signal = AbortSignal.timeout(MAX_ODDS_MS);
          const odds = await ctx
            .offload<Odds>(new URL('./odds.ts', import.meta.url), input, { signal })
            .catch((error) => {
              if (!signal.aborted) throw error;
              throw new NotationError(`The odds of ${notation} take too long to compute; try fewer dice.`);
            });
          return `${asked}: ${describeOdds(odds)}`;
        }),
    );

    return { roll };
  },
});

/** A notation that cannot be read is a slip of the user, not a fault of the plugin: the reply says what is wrong. */
async function orExplain(answer: () => string | Promise<string>): Promise<string> {
  try {
    return await answer();
  } catch (error) {
    if (error instanceof NotationError) return error.message;
    throw error;
  }
}
