import { fileURLToPath } from 'node:url';
import { BulkheadError } from '../errors.ts';
import { restrictionsOf } from '../isolate/restrictions.ts';
import type { Slot } from '../isolate/slot.ts';
import { type Build, BuildError, buildPlugin, isThere } from '../source/build.ts';
import type { Place } from '../source/discover.ts';
import type { Fingerprint } from '../source/fingerprint.ts';
import { EarlyBuilds } from './early-builds.ts';
import { unlessStopped } from './unless-stopped.ts';

export interface BuilderHost {
  /** Where builds of the plugin are written. */
  readonly buildDirectory: (slot: Slot) => Promise<string>;
  /** Where it lies by now, if it has moved. */
  movedTo(slot: Slot): Promise<Place | undefined>;
  discard(build: Build): void;
}

/** A build, or why there is none, and what it was made of. */
interface Attempt {
  acted: Fingerprint | undefined;
  build?: Build;
  error?: unknown;
}

/** Has the build that a version is started from: one of before, one begun early, or a new one. */
export class Builder {
  readonly early: EarlyBuilds;
  readonly #host: BuilderHost;

  constructor(host: BuilderHost) {
    this.#host = host;
    this.early = new EarlyBuilds({
      build: async (slot, entry) => buildPlugin(entry, await host.buildDirectory(slot), restrictionsOf(slot)),
      discard: (build) => host.discard(build),
    });
  }

  /**
   * Builds what the plugin's files are now, and records that they were acted on.
   *
   * @param wasLookedAt its place is known, and an early build of it may be there
   * @throws {BuildError} `ERR_PLUGIN_BUILD`
   */
  async make(slot: Slot, wasLookedAt: boolean): Promise<Build> {
    const discard = ({ build }: Attempt) => build && this.#host.discard(build);
    const { acted, build, error } = await unlessStopped(slot, this.#attempt(slot, wasLookedAt), discard);
    if (acted !== undefined) slot.acted = acted;
    if (build === undefined) throw error;
    return build;
  }

  /**
   * A build that was made before, or nothing if somebody has removed it and it can be made anew as it was.
   *
   * @throws {BulkheadError} `ERR_PLUGIN_LOAD` if it cannot
   */
  async ifThere(slot: Slot, build: Build): Promise<Build | undefined> {
    if (isThere(build)) return build;
    const { name } = slot;
    const gone = `The build of plugin '${name}' was removed from the temporary directory (${fileURLToPath(build.url)})`;
    if ((await unlessStopped(slot, build.inputs.compare())) === 'changed') {
      const text = `${gone}, and its files have changed since. Save them, or reload it, to start what they are now`;
      throw new BulkheadError('ERR_PLUGIN_LOAD', text, { plugin: name });
    }
    slot.log({ level: 'warn', fields: {}, text: `${gone} and is made anew` });
    return undefined;
  }

  async #attempt(slot: Slot, wasLookedAt: boolean): Promise<Attempt> {
    let build: Build | undefined;
    try {
      const directory = await this.#host.buildDirectory(slot);
      if (wasLookedAt) build = await this.early.take(slot);
      else await this.#findAgain(slot);
      build ??= await buildPlugin(slot.entry, directory, restrictionsOf(slot));
      if (slot.accepted !== undefined)
        await build.jobs.follow(slot.accepted.jobs, directory, restrictionsOf(slot));
      return { acted: build.inputs, build };
    } catch (error) {
      if (build !== undefined) this.#host.discard(build);
      const failed = error instanceof BuildError ? error : undefined;
      return { acted: (build ?? failed)?.inputs, error };
    }
  }

  /** Nobody has looked where it is, nor whether what was built early is of any use. */
  async #findAgain(slot: Slot): Promise<void> {
    this.early.drop(slot);
    const place = await this.#host.movedTo(slot);
    if (place !== undefined) slot.settleAt(place);
  }
}
