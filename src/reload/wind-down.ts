import { asError } from '../errors.ts';
import type { Generation } from '../isolate/generation.ts';
import type { Slot } from '../isolate/slot.ts';

/** Of a stop's budget: the rest is for teardown. */
const DRAIN_SHARE = 0.6;
/** Whose event loop stood still for so long, ms, is stuck rather than slow, as far as waiting for it is concerned. */
const STUCK_MS = 3_000;

/**
 * Drain, teardown, fence: after this the generation cannot change anything any more. One that is stuck, or gets stuck
 * meanwhile, is not waited for.
 *
 * @param cut what calls reject with that do not end in time
 */
export async function windDown(slot: Slot, generation: Generation, cut: () => unknown): Promise<void> {
  if (!generation.isAlive || generation.isFenced) return;
  const isStuck = await unlessStuck(generation, (over) => drainAndTearDown(slot, generation, cut, over));
  if (isStuck) {
    const text = `It has not reacted for ${STUCK_MS} ms: drain and teardown are skipped`;
    slot.log({ level: 'warn', fields: {}, text });
  }
  generation.workload.cut(cut, 'cut');
  generation.fence();
}

/**
 * Waits for something that a generation has to do, unless it is stuck or gets stuck.
 *
 * @param wait its signal is aborted when nobody waits any more
 * @returns whether it is stuck
 */
export async function unlessStuck(
  generation: Generation,
  wait: (over: AbortSignal) => Promise<void>,
): Promise<boolean> {
  const over = new AbortController();
  const stuck = generation.silence.reaches(STUCK_MS, over.signal).then(() => !over.signal.aborted);
  const isStuck = await Promise.race([stuck, wait(over.signal).then(() => false)]);
  over.abort();
  return isStuck;
}

async function drainAndTearDown(
  slot: Slot,
  generation: Generation,
  cut: () => unknown,
  over: AbortSignal,
): Promise<void> {
  const { drainMs, teardownMs } = slot.options;
  const warn = (text: string, err?: unknown) => {
    if (over.aborted) return;
    slot.log({ level: 'warn', fields: err === undefined ? {} : { err }, text });
  };
  const late = (ms: number) =>
    warn(`${generation.workload.size} calls or events did not end within ${ms} ms and were cut`);
  await slot.patience
    .wait(generation.workload.drain(slot.askers), drainMs, late, DRAIN_SHARE)
    .catch(() => {});
  if (over.aborted) return;
  generation.workload.cut(cut, 'cut');
  const timeout = (ms: number) => new Error(`it did not end within ${ms} ms and was cut`);
  // What it did on behalf of its own teardown, or of another's, ends with it.
  const ended = generation.steps.teardown().finally(() => generation.workload.drain(slot.askers));
  await slot.patience.wait(ended, teardownMs, timeout).catch((error: unknown) => {
    if (generation.isAlive) warn(`Teardown failed: ${asError(error).message}`, error);
  });
}
