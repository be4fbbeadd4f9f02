import { existsSync } from 'node:fs';
import { getOrMake } from '../get-or-make.ts';
import { BuildError } from './build-error.ts';
import { type Bundle, bundle, isThere } from './bundle.ts';
import type { Fingerprint } from './fingerprint.ts';
import type { Restrictions } from './restrictions.ts';

/** The jobs of one build of a plugin, each built once: every generation of that build runs the same ones. */
export class BuiltJobs {
  readonly #inputs: Fingerprint;
  /** The files that the plugin imports or names. */
  readonly #mentioned: ReadonlySet<string>;
  readonly #bundles = new Map<string, Promise<Bundle>>();

  /** @param inputs of the plugin, to which those of its jobs are added */
  constructor(inputs: Fingerprint) {
    this.#inputs = inputs;
    this.#mentioned = new Set(inputs.named);
  }

  /** The module that a file becomes. What could not be built is tried again the next time. */
  async get(file: string, directory: string, restrictions: Restrictions): Promise<Bundle> {
    const build = () => getOrMake(this.#bundles, file, () => this.#build(file, directory, restrictions));
    const first = build();
    const built = await first;
    if (isThere(built)) return built;
    // Unless another call has done so already.
    if (this.#bundles.get(file) === first) this.#bundles.delete(file);
    return build();
  }

  /**
   * Builds what the version before has offloaded, so that its old jobs serve on if a new one is broken.
   *
   * @throws {BuildError} `ERR_PLUGIN_BUILD`
   */
  async follow(previous: BuiltJobs, directory: string, restrictions: Restrictions): Promise<void> {
    const files = [...previous.#bundles.keys()].filter((file) => !this.#hasGivenUp(file, previous));
    await Promise.all(files.map((file) => this.get(file, directory, restrictions)));
  }

  /** Everything that is built, when nothing is being built any more. */
  async all(): Promise<Bundle[]> {
    const settled = await Promise.allSettled(this.#bundles.values());
    return settled.flatMap((built) => (built.status === 'fulfilled' ? [built.value] : []));
  }

  /** A job whose place is computed is mentioned nowhere: of such a one only its end is a sign. */
  #hasGivenUp(file: string, previous: BuiltJobs): boolean {
    return !this.#mentioned.has(file) && (previous.#mentioned.has(file) || !existsSync(file));
  }

  async #build(file: string, directory: string, restrictions: Restrictions): Promise<Bundle> {
    try {
      const built = await bundle(file, directory, restrictions);
      this.#inputs.include(built.inputs);
      return built;
    } catch (error) {
      this.#bundles.delete(file);
      if (error instanceof BuildError) this.#inputs.include(error.inputs);
      throw error;
    }
  }
}
