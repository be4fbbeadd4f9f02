import { describe, expect, it } from 'vitest';
import type { DiceApi } from '../../plugins/dice/index.ts';
import { NotationError } from '../../plugins/dice/notation.ts';
import odds, { splitComparison } from '../../plugins/dice/odds.ts';
import { parseDice } from '../../plugins/dice/parse.ts';
import { describeRoll, type Random, rollDice } from '../../plugins/dice/roll.ts';
import { botWith } from './support.ts';

const LIMITS = { maxDice: 100, maxSides: 1000 };

/** Shows these faces, one after the other; fails if one is impossible or missing. */
function faces(...shown: number[]): Random {
  return (min, max) => {
    const face = shown.shift();
    if (face === undefined || face < min || face > max) throw new Error(`${face} on a die ${min} to ${max}`);
    return face;
  };
}

describe('a notation', () => {
  it.each<[notation: string, shown: number[], text: string]>([
    ['d20', [17], '[17] = 17'],
    ['2d6', [3, 4], '[3 4] = 7'],
    ['2D6', [3, 4], '[3 4] = 7'],
    ['d%', [100], '[100] = 100'],
    ['4dF', [-1, 0, 1, 1], '[-1 0 1 1] = 1'],
    ['2d6+3', [1, 2], '[1 2] + 3 = 6'],
    [' 2d6  -  1d4 + 10 - 2 ', [1, 2, 4], '[1 2] - [4] + 10 - 2 = 7'],
    ['-d6', [4], '- [4] = -4'],
    ['4d6kh3', [6, 1, 4, 3], '[6 (1) 4 3] = 13'],
    ['4d6k3', [6, 1, 4, 3], '[6 (1) 4 3] = 13'],
    ['2d20kh', [6, 11], '[(6) 11] = 11'],
    ['2d20kl', [6, 11], '[6 (11)] = 6'],
    ['4d6kl1', [6, 2, 4, 2], '[(6) 2 (4) (2)] = 2'],
    ['4d6dl1', [6, 1, 4, 3], '[6 (1) 4 3] = 13'],
    ['4d6dh2', [6, 1, 4, 3], '[(6) 1 (4) 3] = 4'],
    ['4d6dl1dh1', [6, 1, 4, 3], '[(6) (1) 4 3] = 7'],
    ['2d6!', [6, 6, 2, 5], '[6! 6! 2 5] = 19'],
    ['2d6!kh1', [6, 2, 5], '[6! (2) (5)] = 6'],
    ['3d6r1', [1, 1, 4, 2, 1, 3], '[4 2 3] = 9'],
    ['2d6r1r2', [2, 1, 4, 3], '[4 3] = 7'],
  ])('%j is rolled with each die shown', (notation, shown, text) => {
    const left = [...shown];
    expect(describeRoll(rollDice(parseDice(notation, LIMITS), faces(...left)))).toBe(text);
  });

  it.each([
    ['', 'There is nothing to roll. Write it like 4d6kh3+2.'],
    ['20', '"20" has no dice in it. Did you mean d20?'],
    ['2d6x3', '"2d6x3": expected + or -, found "x3". Write it like 4d6kh3+2.'],
    ['2d6 3', '"2d6 3": expected + or -, found "3". Write it like 4d6kh3+2.'],
    ['2d6+', '"2d6+": expected dice or a number, found the end. Write it like 4d6kh3+2.'],
    ['2d6++1', '"2d6++1": expected dice or a number, found "+1". Write it like 4d6kh3+2.'],
    ['hello world', '"hello world": expected dice or a number, found "hello". Write it like 4d6kh3+2.'],
    ['4d', '"4d": expected + or -, found "d". Write it like 4d6kh3+2.'],
    ['0d6', '"0d6" rolls no dice.'],
    ['d1', '"d1": a die needs at least 2 sides.'],
    ['d1001', '"d1001" has too many sides; at most 1000 are allowed.'],
    ['60d6+41d6', '"60d6+41d6" is 101 dice; at most 100 are rolled at once.'],
    [
      '99999999999999999999d6',
      '"99999999999999999999d6" is 100000000000000000000 dice; at most 100 are rolled at once.',
    ],
    ['d6+1000001', '1000001 is too large a number.'],
    ['4d6kh5', '"4d6kh5" cannot keep 5 of 4 dice.'],
    ['4d6kh0', '"4d6kh0" cannot keep 0 of 4 dice.'],
    ['4d6dl4', '"4d6dl4" cannot drop 4 of 4 dice.'],
    ['4d6dl2dh2', '"4d6dl2dh2" cannot drop 2 of 2 dice.'],
    ['d6r7', '"d6r7": such a die never shows 7.'],
    ['d2r1r2', '"d2r1r2" rerolls every side.'],
    [`d6${'+1'.repeat(50)}`, 'That is longer than 100 characters.'],
  ])('%j is refused, saying what is wrong', (notation, message) => {
    expect(() => parseDice(notation, LIMITS)).toThrow(new NotationError(message));
  });

  it('ends a chain of explosions that would go on for ever', () => {
    const { terms, total } = rollDice(parseDice('2d6!', LIMITS), () => 6);
    expect(terms[0]!.dice).toHaveLength(42);
    expect(total).toBe(42 * 6);
  });

  it('shows the first dice of a great many', () => {
    const text = describeRoll(rollDice(parseDice('40d6', LIMITS), () => 2));
    expect(text).toBe(`[${'2 '.repeat(30)}… 10 more] = 80`);
  });

  it('shows every face about equally often', () => {
    const counts = [0, 0, 0, 0, 0, 0];
    for (let rolls = 0; rolls < 6000; rolls++) counts[rollDice(parseDice('d6', LIMITS)).total - 1]!++;
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(200);
  });
});

describe('the odds', () => {
  it.each([
    ['2d6 >= 7', 21 / 36],
    ['2d6>7', 15 / 36],
    ['2d6 <= 3', 3 / 36],
    ['2d6 < 3', 1 / 36],
    ['2d6 = 7', 6 / 36],
    ['2d6 == 7', 6 / 36],
    ['4d6kh3 >= 12', 799 / 1296],
    ['d6r1 > 2', 4 / 5],
    ['d6! > 6', 1 / 6],
    ['4dF >= 0', 50 / 81],
    ['d6 - 10 >= -5', 2 / 6],
  ])('of %s are as calculated', (asked, chance) => {
    const { notation, comparison } = splitComparison(asked);
    const found = odds({ terms: parseDice(notation, LIMITS), comparison });
    expect(found.rolls).toBe(200_000);
    expect(Math.abs(found.chance! - chance)).toBeLessThan(0.006);
  });

  it('without a comparison are what to expect', () => {
    const { average, low, high, chance } = odds({ terms: parseDice('2d6', LIMITS) });
    expect(average).toBeCloseTo(7, 1);
    expect({ low, high, chance }).toEqual({ low: 4, high: 10, chance: undefined });
  });
});

describe('the plugin', () => {
  it('answers !roll with each die and the total', async () => {
    const { run } = await botWith('dice');
    const reply = await run('!roll 4d6kh3 + 2', 'bob');
    const found = /^bob rolls 4d6kh3 \+ 2: \[(.*)\] \+ 2 = (\d+)$/.exec(reply ?? '');
    const dice = found![1]!.split(' ');
    expect(dice.filter((die) => /^\([1-6]\)$/.test(die))).toHaveLength(1);
    const kept = dice.filter((die) => /^[1-6]$/.test(die)).map(Number);
    expect(kept).toHaveLength(3);
    expect(Number(found![2])).toBe(kept.reduce((sum, die) => sum + die, 2));
  });

  it('rolls one six-sided die unless told otherwise', async () => {
    const { run } = await botWith('dice');
    expect(await run('!roll')).toMatch(/^ada rolls 1d6: \[([1-6])\] = \1$/);
  });

  it('replies to a wrong notation with what is wrong', async () => {
    const { run } = await botWith('dice');
    expect(await run('!roll 4d6kh5')).toBe('"4d6kh5" cannot keep 5 of 4 dice.');
    expect(await run('!odds 4d6kh5 >= 3')).toBe('"4d6kh5" cannot keep 5 of 4 dice.');
  });

  it('takes its limits from the configuration, and refuses one that makes no sense', async () => {
    const { run, manager } = await botWith('dice', { config: { dice: { maxDice: 3, maxSides: 6 } } });
    expect(await run('!roll 4d6')).toBe('"4d6" is 4 dice; at most 3 are rolled at once.');
    expect(await run('!roll d8')).toBe('"d8" has too many sides; at most 6 are allowed.');
    await expect(manager.configure('dice', { maxDice: 'many' })).rejects.toThrow('maxDice');
    await manager.configure('dice', { maxDice: 4 });
    expect(await run('!roll 4d8')).toMatch(/^ada rolls 4d8: \[/);
  });

  it('offers its rolls to the bot', async () => {
    const { manager } = await botWith('dice');
    const dice = manager.plugin<DiceApi>('dice');
    const { total, terms, text } = await dice.roll('2d6+1');
    expect(terms.map(({ dice, value }) => [dice.length, value])).toEqual([
      [2, total - 1],
      [0, 1],
    ]);
    expect(text).toMatch(new RegExp(`\\+ 1 = ${total}$`));
    await expect(dice.roll('2d')).rejects.toMatchObject({
      name: 'NotationError',
      code: 'ERR_DICE_NOTATION',
    });
  });

  it('answers !odds with the chance, or with what to expect', async () => {
    const { run } = await botWith('dice');
    expect(await run('!odds 4d6kh3 >= 12')).toMatch(
      /^4d6kh3 >= 12: 6[12](\.\d)? % of 200,000 rolls; on average 12\.[23], mostly 8 to 16$/,
    );
    expect(await run('!odds 2d6')).toMatch(/^2d6: on average (7|6\.9|7\.1), mostly 4 to 10$/);
  });

  it('gives up odds that take too long, and says so', async () => {
    const { run } = await botWith('dice');
    const rerolls = Array.from({ length: 19 }, (_, index) => `r${index + 1}`).join('');
    expect(await run(`!odds 100d20!${rerolls}`)).toMatch(/take too long to compute; try fewer dice\.$/);
  });

  it('goes on rolling while its thread pool computes odds', async () => {
    const { run } = await botWith('dice');
    let answered = false;
    const odds = run('!odds 60d6kh30 > 150').finally(() => {
      answered = true;
    });
    await run('!roll d6');
    expect(answered).toBe(false);
    expect(await odds).toContain('on average');
  });
});
