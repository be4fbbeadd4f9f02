import { fileURLToPath } from 'node:url';
import { asError, BulkheadError } from '../errors.ts';
import type { ResolvedPluginOptions } from '../options.ts';
import { type Deniable, deniedModules } from '../permissions.ts';
import { type Build, buildJob } from '../source/build.ts';
import type { BuildDirectory } from '../source/build-directory.ts';
import { BuildError } from '../source/build-error.ts';
import type { Fingerprint } from '../source/fingerprint.ts';
import type { Outcome } from '../wire/frames.ts';
import { decodeError } from '../wire/wire-error.ts';
import { grantedEnvironment } from './environment.ts';
import type { Generation } from './generation.ts';
import type { Jobs } from './job-pool.ts';

/** The processor-heavy work of one generation: jobs are built here, and run where the plugin is. */
export class OffloadPool {
  readonly #generation: Generation;
  readonly #options: ResolvedPluginOptions;
  readonly #directory: BuildDirectory;
  readonly #builds = new Map<string, Promise<Build>>();
  readonly #jobs: Jobs;
  readonly #denied: Deniable[];
  #closed = false;

  /** @param onNote takes what the jobs print, unchecked */
  constructor(
    generation: Generation,
    options: ResolvedPluginOptions,
    directory: BuildDirectory,
    onNote: (note: unknown) => void,
  ) {
    this.#generation = generation;
    this.#options = options;
    this.#directory = directory;
    const { limits, offload, env, permissions, isolation } = options;
    this.#denied = deniedModules(permissions, isolation);
    this.#jobs = generation.jobs({ ...offload, env: grantedEnvironment(env), heapMb: limits.heapMb }, onNote);
  }

  async run(url: string, input: unknown, signal: AbortSignal | undefined): Promise<unknown> {
    let outcome: Outcome;
    try {
      const build = await this.#build(url);
      if (this.#closed) throw new Error('the generation has ended');
      outcome = await this.#jobs.run(
        build.url,
        { input, budgets: this.#options.budgets, denied: this.#denied },
        signal,
      );
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      throw new BulkheadError(
        'ERR_OFFLOAD',
        `The job '${fileURLToPath(url)}' could not be run: ${asError(error).message}`,
        {
          cause: error,
        },
      );
    }
    if (outcome.ok) return outcome.value;
    throw decodeError(outcome.error);
  }

  /** Ends the jobs. Resolves to `false` if one does not end, because it is stuck outside JavaScript. */
  async close(): Promise<boolean> {
    this.#closed = true;
    const ended = await this.#jobs.close();
    if (ended) await this.#discardBuilds();
    return ended;
  }

  #build(url: string): Promise<Build> {
    let build = this.#builds.get(url);
    if (build === undefined) {
      build = this.#buildAnew(url);
      this.#builds.set(url, build);
    }
    return build;
  }

  /** What failed is tried again by the next job. The files it is built from are inputs of the generation either way. */
  async #buildAnew(url: string): Promise<Build> {
    try {
      const build = await buildJob(fileURLToPath(url), await this.#directory.path(), this.#denied);
      await this.#addInputs(build.inputs);
      return build;
    } catch (error) {
      this.#builds.delete(url);
      if (error instanceof BuildError) await this.#addInputs(error.inputs);
      throw error;
    }
  }

  #addInputs(inputs: Fingerprint): Promise<void> {
    return this.#generation.build.inputs.addFiles(inputs.paths);
  }

  async #discardBuilds(): Promise<void> {
    for (const build of await Promise.allSettled(this.#builds.values())) {
      if (build.status === 'fulfilled') await this.#directory.discard(build.value);
    }
  }
}
