import { sample } from './sample.mjs';

/**
 * Takes as many turns as the command line says, and sends the parent process samples in between.
 *
 * @param {(turn: number) => Promise<void>} takeTurn
 */
export async function runLoop(takeTurn) {
  const [turns, every] = process.argv.slice(2).map(Number);
  for (let turn = 1; turn <= turns; turn++) {
    await takeTurn(turn);
    if (turn % every === 0) process.send?.({ kind: 'sample', sample: await sample(turn) });
  }
}
