import { BulkheadError } from '../errors.ts';
import { onBehalfOf } from '../isolate/on-behalf-of.ts';
import type { Slot } from '../isolate/slot.ts';
import { findInChain, type Invocation } from '../isolate/work.ts';

/**
 * An operation under way waits for the end of the step of the plugin's own life on whose behalf this is asked for.
 *
 * @throws {BulkheadError} `ERR_CALL_CYCLE`
 */
export function refuseCycle(slot: Slot): void {
  const step = ownStep(slot);
  if (step !== undefined) throw cycle(slot, step);
}

/**
 * The same of what ends the plugin, which does not wait for a setup or an `onConfig`.
 *
 * @throws {BulkheadError} `ERR_CALL_CYCLE`
 */
export function refuseStopCycle(slot: Slot): void {
  if (ownStep(slot) === 'teardown') throw cycle(slot, 'teardown');
}

function ownStep(slot: Slot): Invocation['kind'] | undefined {
  return findInChain(
    onBehalfOf.getStore(),
    ({ kind, generation }) => generation?.plugin === slot.name && kind !== 'call' && kind !== 'event',
  )?.kind;
}

function cycle(slot: Slot, step: Invocation['kind']): BulkheadError {
  const text = `Plugin '${slot.name}' asks for this during its own ${step}, which has to end first; do not wait for it there`;
  return new BulkheadError('ERR_CALL_CYCLE', text, { plugin: slot.name });
}
