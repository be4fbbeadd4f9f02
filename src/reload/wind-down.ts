import { asError } from '../errors.ts';
import type { Generation } from '../isolate/generation.ts';
import type { Slot } from '../isolate/slot.ts';
import type { Invocation } from '../isolate/work.ts';

/** Of a stop's budget: the rest is for teardown. */
const DRAIN_SHARE = 0.6;

export interface WindDownOptions {
  /** On whose behalf this happens; it is not waited for. */
  asker: Invocation | undefined;
  /** What calls reject with that do not end in time. */
  cut: () => unknown;
}

/** Drain, teardown, fence: after this the generation cannot change anything any more. */
export async function windDown(slot: Slot, generation: Generation, options: WindDownOptions): Promise<void> {
  if (!generation.isAlive || generation.isFenced) return;
  const { drainMs, teardownMs } = slot.options;
  const warn = (text: string, err?: unknown) =>
    slot.log(generation, { level: 'warn', fields: err === undefined ? {} : { err }, text });
  const late = (ms: number) =>
    warn(`${generation.busyWith} calls or events did not end within ${ms} ms and were cut`);
  await slot.patience.wait(generation.drain(options.asker), drainMs, late, DRAIN_SHARE).catch(() => {});
  generation.cut(options.cut, 'cut');
  const timeout = (ms: number) => new Error(`it did not end within ${ms} ms and was cut`);
  await slot.patience.wait(generation.teardown(), teardownMs, timeout).catch((error: unknown) => {
    if (generation.isAlive) warn(`Teardown failed: ${asError(error).message}`, error);
  });
  generation.fence();
}
