import type { Slot } from '../isolate/slot.ts';
import type { Build } from '../source/build.ts';
import { Turns } from '../turns.ts';

export interface EarlyBuildsHost {
  build(slot: Slot, entry: string): Promise<Build>;
  discard(build: Build): void;
}

interface EarlyBuild {
  entry: string;
  /** Absent until its turn has come; `undefined` in the end if it failed. */
  build?: Promise<Build | undefined>;
}

/**
 * Builds that are begun during the quiet time after a save, so that at its end only load and swap are left. They are made
 * one after the other, and nobody waits for one that has not begun.
 */
export class EarlyBuilds {
  readonly #host: EarlyBuildsHost;
  readonly #builds = new Map<Slot, EarlyBuild>();
  readonly #turns = new Turns();

  constructor(host: EarlyBuildsHost) {
    this.#host = host;
  }

  /** Builds the plugin as it is now; what was built before is of no use. */
  begin(slot: Slot): void {
    this.drop(slot);
    const early: EarlyBuild = { entry: slot.entry };
    this.#builds.set(slot, early);
    void this.#turns.take(async () => {
      if (this.#builds.get(slot) !== early) return;
      // What is wrong with it is said when it is built to be used.
      early.build = this.#host.build(slot, early.entry).catch(() => undefined);
      await early.build;
    });
  }

  /** What was built, if the files are still those that it was made of. */
  async take(slot: Slot): Promise<Build | undefined> {
    const early = this.#builds.get(slot);
    this.#builds.delete(slot);
    const build = await early?.build;
    if (build === undefined) return undefined;
    if (early?.entry === slot.entry && (await build.inputs.compare({ acknowledge: true })) !== 'changed')
      return build;
    this.#host.discard(build);
    return undefined;
  }

  /** What was built is not wanted any more. */
  drop(slot: Slot): void {
    const early = this.#builds.get(slot);
    this.#builds.delete(slot);
    void early?.build?.then((build) => {
      if (build !== undefined) this.#host.discard(build);
    });
  }

  dropAll(): void {
    for (const slot of [...this.#builds.keys()]) this.drop(slot);
  }

  /** Resolves when nothing is being built. */
  idle(): Promise<void> {
    return this.#turns.over();
  }
}
