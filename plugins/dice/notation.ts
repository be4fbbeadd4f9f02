/** How much one notation may ask for. */
export interface Limits {
  maxDice: number;
  maxSides: number;
}

/** `kh3` keeps the 3 highest dice, `dl1` drops the lowest one. */
export interface Selection {
  action: 'keep' | 'drop';
  end: 'highest' | 'lowest';
  count: number;
}

export interface DiceTerm {
  kind: 'dice';
  sign: 1 | -1;
  count: number;
  /** The lowest and highest face: 1 and 6 for a d6, -1 and 1 for a fate die. */
  min: number;
  max: number;
  /** Faces that are rolled again until something else shows. */
  rerolled: number[];
  /** Whether the highest face adds another die. */
  explodes: boolean;
  /** Applied one after the other to the dice still kept. */
  selections: Selection[];
}

export interface ConstantTerm {
  kind: 'constant';
  sign: 1 | -1;
  value: number;
}

export type Term = DiceTerm | ConstantTerm;

/** Closes every complaint about how a notation is written. */
export const EXAMPLE = 'Write it like 4d6kh3+2.';

/** The notation cannot be rolled; the message tells its author why, in one line. */
export class NotationError extends Error {
  override name = 'NotationError';
  readonly code = 'ERR_DICE_NOTATION';
}
