import { type DiceTerm, EXAMPLE, type Limits, NotationError, type Term } from './notation.ts';
import { Reader } from './reader.ts';

const MAX_LENGTH = 100;
const MAX_CONSTANT = 1_000_000;

const SIGN = /\s*([+-])\s*/y;
const DICE = /(\d*)d(\d+|%|f)/iy;
const CONSTANT = /\d+/y;
const SELECTION = /(kh|kl|k|dh|dl)(\d*)/iy;
const REROLL = /r(\d+)/iy;
const EXPLOSION = /!/y;

/**
 * Reads a dice notation: terms such as `4d6kh3`, `d%`, `3d6!`, `2d10r1`, `4dF` or `5`, joined by `+` and `-`.
 *
 * @throws {NotationError} with what is wrong and where.
 */
export function parseDice(notation: string, limits: Limits): Term[] {
  const text = notation.trim();
  if (text === '') throw new NotationError(`There is nothing to roll. ${EXAMPLE}`);
  if (text.length > MAX_LENGTH) throw new NotationError(`That is longer than ${MAX_LENGTH} characters.`);
  const reader = new Reader(text);
  const terms: Term[] = [];
  while (!reader.atEnd) {
    const sign = reader.take(SIGN)?.[1];
    if (sign === undefined && terms.length > 0) throw reader.unexpected('+ or -');
    terms.push(readTerm(reader, sign === '-' ? -1 : 1, limits));
  }
  const dice = terms.reduce((sum, term) => sum + (term.kind === 'dice' ? term.count : 0), 0);
  if (dice === 0) throw new NotationError(hintAtDice(text, terms));
  if (dice > limits.maxDice) {
    throw new NotationError(`"${text}" is ${dice} dice; at most ${limits.maxDice} are rolled at once.`);
  }
  return terms;
}

function readTerm(reader: Reader, sign: 1 | -1, limits: Limits): Term {
  const start = reader.at;
  const dice = reader.take(DICE);
  if (dice !== undefined) {
    const term: DiceTerm = { ...readDie(dice, limits), kind: 'dice', sign };
    while (readModifier(reader, term));
    checkModifiers(term, reader.since(start));
    return term;
  }
  const constant = reader.take(CONSTANT);
  if (constant === undefined) throw reader.unexpected('dice or a number');
  const value = Number(constant[0]);
  if (value > MAX_CONSTANT) throw new NotationError(`${constant[0]} is too large a number.`);
  return { kind: 'constant', sign, value };
}

function readDie([text, count, sides]: RegExpExecArray, limits: Limits): Omit<DiceTerm, 'kind' | 'sign'> {
  const rest = { count: count === '' ? 1 : Number(count), rerolled: [], explodes: false, selections: [] };
  if (rest.count === 0) throw new NotationError(`"${text}" rolls no dice.`);
  if (/f/i.test(sides!)) return { min: -1, max: 1, ...rest };
  const max = sides === '%' ? 100 : Number(sides);
  if (max < 2) throw new NotationError(`"${text}": a die needs at least 2 sides.`);
  if (max > limits.maxSides) {
    throw new NotationError(`"${text}" has too many sides; at most ${limits.maxSides} are allowed.`);
  }
  return { min: 1, max, ...rest };
}

function readModifier(reader: Reader, term: DiceTerm): boolean {
  const selection = reader.take(SELECTION);
  if (selection !== undefined) {
    const [action, end = 'h'] = selection[1]!.toLowerCase();
    term.selections.push({
      action: action === 'k' ? 'keep' : 'drop',
      end: end === 'h' ? 'highest' : 'lowest',
      count: selection[2] === '' ? 1 : Number(selection[2]),
    });
    return true;
  }
  const reroll = reader.take(REROLL);
  if (reroll !== undefined) {
    term.rerolled.push(Number(reroll[1]));
    return true;
  }
  if (reader.take(EXPLOSION) === undefined) return false;
  term.explodes = true;
  return true;
}

function checkModifiers(term: DiceTerm, text: string): void {
  const faces = new Set(term.rerolled);
  for (const face of faces) {
    if (face < term.min || face > term.max)
      throw new NotationError(`"${text}": such a die never shows ${face}.`);
  }
  if (faces.size > term.max - term.min) throw new NotationError(`"${text}" rerolls every side.`);
  let left = term.count;
  for (const { action, count } of term.selections) {
    const kept = action === 'keep' ? count : left - count;
    if (kept < 1 || kept > left)
      throw new NotationError(`"${text}" cannot ${action} ${count} of ${left} dice.`);
    left = kept;
  }
}

function hintAtDice(text: string, [first]: Term[]): string {
  const hint = first?.kind === 'constant' && first.value > 1 ? `Did you mean d${first.value}?` : `${EXAMPLE}`;
  return `"${text}" has no dice in it. ${hint}`;
}
