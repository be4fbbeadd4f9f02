import { asError } from '../errors.ts';
import type { Generation } from '../isolate/generation.ts';
import type { Slot } from '../isolate/slot.ts';

/** Of a stop's budget: the rest is for teardown. */
const DRAIN_SHARE = 0.6;

/**
 * Drain, teardown, fence: after this the generation cannot change anything any more.
 *
 * @param cut what calls reject with that do not end in time
 */
export async function windDown(slot: Slot, generation: Generation, cut: () => unknown): Promise<void> {
  if (!generation.isAlive || generation.isFenced) return;
  const { drainMs, teardownMs } = slot.options;
  const warn = (text: string, err?: unknown) =>
    slot.log(generation, { level: 'warn', fields: err === undefined ? {} : { err }, text });
  const late = (ms: number) =>
    warn(`${generation.busyWith} calls or events did not end within ${ms} ms and were cut`);
  await slot.patience.wait(generation.drain(slot.askers), drainMs, late, DRAIN_SHARE).catch(() => {});
  generation.cut(cut, 'cut');
  const timeout = (ms: number) => new Error(`it did not end within ${ms} ms and was cut`);
  // What it did on behalf of its own teardown, or of another's, ends with it.
  const ended = generation.teardown().finally(() => generation.drain(slot.askers));
  await slot.patience.wait(ended, teardownMs, timeout).catch((error: unknown) => {
    if (generation.isAlive) warn(`Teardown failed: ${asError(error).message}`, error);
  });
  generation.fence();
}
