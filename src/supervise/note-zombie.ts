import type { Generation } from '../isolate/generation.ts';
import type { Slot } from '../isolate/slot.ts';
import type { Report } from '../status.ts';

/** A thread of the generation does not end, although it was told to: it counts until it is gone. */
export function noteZombie(report: Report, slot: Slot, { number }: Generation, gone: Promise<unknown>): void {
  report('zombie', { name: slot.name, generation: number });
  slot.zombies++;
  const ended = () => void slot.zombies--;
  gone.then(ended, ended);
}
