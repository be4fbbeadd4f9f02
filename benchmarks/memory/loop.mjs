import { endWithParent } from '../scale/subject.mjs';
import { sample } from './sample.mjs';

const [turns, every, settle] = process.argv.slice(2).map(Number);

endWithParent();

/** @param {number} at */
export const takeSample = (at) => sample(at, settle);

/**
 * Takes as many turns as the command line says, and sends the parent process samples in between.
 *
 * @param {(turn: number) => Promise<void>} takeTurn
 */
export async function runLoop(takeTurn) {
  for (let turn = 1; turn <= turns; turn++) {
    await takeTurn(turn);
    if (turn % every === 0) process.send?.({ kind: 'sample', sample: await takeSample(turn) });
  }
}
