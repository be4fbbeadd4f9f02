import type { Slot } from '../isolate/slot.ts';
import type { Comparison, Difference } from '../source/fingerprint.ts';

/** For so long, ms, files are let alone that could not be tried, for want of descriptors or of room on a disk, say. */
const RETRY_MS = 10_000;

/** How the files of a plugin differ from what was last acted on; `undefined` if nothing was. */
export async function differenceOf(
  { acted, retry }: Pick<Slot, 'acted' | 'retry'>,
  comparison?: Comparison,
): Promise<Difference | undefined> {
  if (retry !== undefined && performance.now() >= retry.at) return 'changed';
  if (retry === undefined || acted === undefined) return acted?.compare(comparison);
  return acted.stamp() === retry.stamp ? 'same' : acted.compare(comparison);
}

/** That its newest version did not come to run says nothing about it: a look after a while takes it for changed. */
export function retryLater(slot: Slot): void {
  slot.retry = { at: performance.now() + RETRY_MS, stamp: slot.acted?.stamp() };
}
