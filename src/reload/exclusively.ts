import { PluginStoppedError } from '../errors.ts';
import { onBehalfOf } from '../isolate/on-behalf-of.ts';
import type { Slot } from '../isolate/slot.ts';
import type { Save } from './attempt.ts';
import type { Attempts } from './attempts.ts';
import { refuseCycle, refuseStopCycle } from './cycles.ts';

/** One operation at a time; whoever asked for it, and waits, is not waited for. */
export async function exclusively(slot: Slot, operation: () => Promise<void>): Promise<void> {
  refuseCycle(slot);
  return inTurn(slot, operation);
}

/** What is being started gives way to this if its files have changed since. */
export async function insteadOfStart(
  slot: Slot,
  attempts: Attempts,
  save: Save,
  operation: () => Promise<void>,
): Promise<void> {
  refuseCycle(slot);
  attempts.newer(slot, save);
  return inTurn(slot, operation);
}

/** Ends whatever is being started, so that the operation does not wait for it, then takes its turn. */
export async function interrupting(slot: Slot, operation: () => Promise<void>): Promise<void> {
  refuseStopCycle(slot);
  slot.stopsWanted++;
  const stopped = () => new PluginStoppedError(slot.name, slot.lastGeneration);
  slot.next?.end({ kind: 'requested', text: 'it was stopped' }, stopped);
  slot.wait?.interrupt();
  try {
    await inTurn(slot, operation);
  } finally {
    if (--slot.stopsWanted === 0) slot.patience.unlimited();
  }
}

async function inTurn(slot: Slot, operation: () => Promise<void>): Promise<void> {
  const asker = onBehalfOf.getStore();
  if (asker !== undefined) {
    slot.askers.add(asker);
    slot.current?.workload.wake();
  }
  try {
    await slot.exclusively(operation);
  } finally {
    if (asker !== undefined) slot.askers.delete(asker);
  }
}
