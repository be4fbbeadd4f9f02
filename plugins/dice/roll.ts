import { randomInt } from 'node:crypto';
import type { DiceTerm, Selection, Term } from './notation.ts';

/** A whole number from `min` to `max`, both included. */
export type Random = (min: number, max: number) => number;

export interface Die {
  face: number;
  /** Whether this die brought the next one. */
  exploded: boolean;
  kept: boolean;
}

/** What came of one term; a constant has no dice. */
export interface RolledTerm {
  sign: 1 | -1;
  dice: Die[];
  value: number;
}

export interface Roll {
  terms: RolledTerm[];
  total: number;
}

/** A die explodes at most so often: even a d2 gets here once in a million throws. */
const MAX_EXPLOSIONS = 20;
/** So many dice of a term are shown one by one; a line of chat is short. */
const MAX_SHOWN = 30;

const fair: Random = (min, max) => randomInt(min, max + 1);

/** Throws the dice of a notation that was read by `parseDice`. */
export function rollDice(terms: readonly Term[], random: Random = fair): Roll {
  const rolled = terms.map((term) => {
    const dice = term.kind === 'dice' ? throwAll(term, random) : [];
    const value = term.kind === 'dice' ? sumOfKept(dice) : term.value;
    return { sign: term.sign, dice, value };
  });
  return { terms: rolled, total: rolled.reduce((sum, { sign, value }) => sum + sign * value, 0) };
}

function throwAll(term: DiceTerm, random: Random): Die[] {
  const dice: Die[] = [];
  for (let thrown = 0; thrown < term.count; thrown++) {
    for (let left = term.explodes ? MAX_EXPLOSIONS : 0, again = true; again; left--) {
      const face = throwOne(term, random);
      again = left > 0 && face === term.max;
      dice.push({ face, exploded: again, kept: true });
    }
  }
  for (const selection of term.selections) select(dice, selection);
  return dice;
}

function throwOne({ min, max, rerolled }: DiceTerm, random: Random): number {
  for (;;) {
    const face = random(min, max);
    if (!rerolled.includes(face)) return face;
  }
}

function select(dice: Die[], { action, end, count }: Selection): void {
  const best = dice.filter((die) => die.kept);
  best.sort((a, b) => (end === 'highest' ? b.face - a.face : a.face - b.face));
  for (const die of action === 'keep' ? best.slice(count) : best.slice(0, count)) die.kept = false;
}

function sumOfKept(dice: Die[]): number {
  return dice.reduce((sum, die) => (die.kept ? sum + die.face : sum), 0);
}

/** `[6! 4 (1)] + 2 = 12`: each die, dropped ones in parentheses, exploded ones with `!`, and the total. */
export function describeRoll({ terms, total }: Roll): string {
  const parts = terms.map(({ sign, dice, value }, index) => {
    const operator = sign === -1 ? '- ' : index === 0 ? '' : '+ ';
    return operator + (dice.length === 0 ? value : describeDice(dice));
  });
  return `${parts.join(' ')} = ${total}`;
}

function describeDice(dice: Die[]): string {
  const shown = dice.slice(0, MAX_SHOWN).map(({ face, exploded, kept }) => {
    const text = exploded ? `${face}!` : String(face);
    return kept ? text : `(${text})`;
  });
  if (dice.length > MAX_SHOWN) shown.push(`… ${dice.length - MAX_SHOWN} more`);
  return `[${shown.join(' ')}]`;
}
