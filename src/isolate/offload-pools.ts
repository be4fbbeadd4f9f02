import { getOrMake } from '../get-or-make.ts';
import type { BuildDirectory } from '../source/build-directory.ts';
import type { JobNote } from '../wire/messages.ts';
import { checkDropped, checkLog } from './check-notes.ts';
import type { Generation } from './generation.ts';
import { OffloadPool } from './offload.ts';
import { restrictionsOf } from './restrictions.ts';
import type { Slot } from './slot.ts';

/** The pools of all generations that have offloaded something. */
export class OffloadPools {
  readonly #builds: BuildDirectory;
  /** Threads of a pool do not end. */
  readonly #zombie: (slot: Slot, generation: Generation, gone: Promise<unknown>) => void;
  readonly #pools = new Map<Generation, OffloadPool>();
  readonly #closing = new Set<Promise<void>>();

  constructor(
    builds: BuildDirectory,
    zombie: (slot: Slot, generation: Generation, gone: Promise<unknown>) => void,
  ) {
    this.#builds = builds;
    this.#zombie = zombie;
  }

  run(
    slot: Slot,
    generation: Generation,
    url: string,
    input: unknown,
    signal?: AbortSignal,
  ): Promise<unknown> {
    const pool = getOrMake(this.#pools, generation, () => {
      const directory = () => this.#builds.of(slot.id);
      return new OffloadPool(generation, slot.options, restrictionsOf(slot), directory, (note) =>
        take(slot, generation, note),
      );
    });
    return pool.run(url, input, signal);
  }

  /** Ends the pool of a generation, which has ended itself. */
  close(slot: Slot, generation: Generation): void {
    const pool = this.#pools.get(generation);
    if (pool === undefined) return;
    this.#pools.delete(generation);
    const closing = pool
      .close()
      .catch(() => undefined)
      .then((leftover) => {
        this.#closing.delete(closing);
        if (leftover !== undefined) this.#zombie(slot, generation, leftover.gone);
      });
    this.#closing.add(closing);
  }

  /** Resolves when the pools that are being closed have ended, or count as zombies. */
  async closed(): Promise<void> {
    await Promise.all(this.#closing);
  }
}

/** What is malformed is left out: only a job that went around the runtime sends such things. */
function take(slot: Slot, generation: Generation, note: unknown): void {
  try {
    const { kind, note: content } = note as JobNote;
    if (kind === 'log') slot.log(checkLog(content));
    else slot.requests.dropped(generation, checkDropped(content));
  } catch {}
}
