import { codeOf } from '../errors.ts';
import type { Slot } from '../isolate/slot.ts';
import type { Parts } from './assembly.ts';

/**
 * Does something with a plugin, at once if it is known. Rejects with `ERR_PLUGIN_NOT_FOUND` if there is none.
 *
 * @param ifAbsent does what can be done for one that is not there: it may come, or have gone
 */
export async function actOn(
  parts: Parts,
  name: string,
  operation: (slot: Slot) => Promise<void>,
  ifAbsent: () => void = () => {},
): Promise<void> {
  const { table } = parts;
  try {
    const slot = table.find(name);
    const isKnown = slot !== undefined && slot.problem === undefined;
    await operation(isKnown ? slot : await lookFor(parts, name));
  } catch (error) {
    if (codeOf(error) === 'ERR_PLUGIN_NOT_FOUND' && table.byId(name) === undefined) ifAbsent();
    throw error;
  }
}

/** It may have come, and what was wrong with its file or folder may have been put right. */
async function lookFor({ look, openness, table }: Parts, name: string): Promise<Slot> {
  openness.check();
  const { epoch } = openness;
  await look.discoverOne(name);
  openness.checkSince(epoch);
  return table.get(name);
}
