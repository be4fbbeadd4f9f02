import type { Term } from './notation.ts';
import { type Random, rollDice } from './roll.ts';

const COMPARISONS = {
  '>=': (total: number, target: number) => total >= target,
  '<=': (total: number, target: number) => total <= target,
  '>': (total: number, target: number) => total > target,
  '<': (total: number, target: number) => total < target,
  '=': (total: number, target: number) => total === target,
};

export interface Comparison {
  operator: keyof typeof COMPARISONS;
  target: number;
}

export interface OddsInput {
  terms: Term[];
  comparison?: Comparison;
}

export interface Odds {
  rolls: number;
  average: number;
  /** Four of five totals are between these two. */
  low: number;
  high: number;
  /** The part of the rolls that fit the comparison, 0 to 1. */
  chance?: number;
}

const MAX_ROLLS = 200_000;
/** Keeps a handful of dice exact and a hundred of them quick. */
const MAX_DICE_THROWN = 4_000_000;

/** Good enough for statistics, and much faster than the one that is fair to players. */
const quick: Random = (min, max) => min + Math.floor(Math.random() * (max - min + 1));

/**
 * Runs in the plugin's thread pool, because it is up to a second of computing. It throws the real dice very often instead of
 * calculating: one set of rules, whatever the notation.
 */
export default function odds({ terms, comparison }: OddsInput): Odds {
  const dice = terms.reduce((sum, term) => sum + (term.kind === 'dice' ? term.count : 0), 0);
  const rolls = Math.min(MAX_ROLLS, Math.floor(MAX_DICE_THROWN / dice));
  const totals = Int32Array.from({ length: rolls }, () => rollDice(terms, quick).total).sort();
  const result: Odds = {
    rolls,
    average: totals.reduce((sum, total) => sum + total, 0) / rolls,
    low: totals[Math.floor(rolls * 0.1)]!,
    high: totals[Math.floor(rolls * 0.9)]!,
  };
  if (comparison !== undefined) {
    const { operator, target } = comparison;
    result.chance = totals.filter((total) => COMPARISONS[operator](total, target)).length / rolls;
  }
  return result;
}

/** Splits `4d6kh3 >= 12` into the notation and what its total is compared with. */
export function splitComparison(text: string): { notation: string; comparison?: Comparison } {
  const found = /^(.*?)(>=|<=|>|<|==?)\s*(-?\d{1,9})$/.exec(text);
  if (found === null) return { notation: text };
  const operator = (found[2] === '==' ? '=' : found[2]) as keyof typeof COMPARISONS;
  return { notation: found[1]!, comparison: { operator, target: Number(found[3]) } };
}

/** `61.7 % of 200,000 rolls; on average 12.2, mostly 8 to 16`. */
export function describeOdds({ rolls, average, low, high, chance }: Odds): string {
  const usual = `on average ${round(average)}, mostly ${low} to ${high}`;
  if (chance === undefined) return usual;
  return `${round(chance * 100)} % of ${rolls.toLocaleString('en')} rolls; ${usual}`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
