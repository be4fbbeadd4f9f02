import { fileURLToPath } from 'node:url';
import type { Piscina } from 'piscina';
import { asError, BulkheadError } from '../errors.ts';
import type { ResolvedPluginOptions } from '../options.ts';
import { type Build, buildJob } from '../source/build.ts';
import type { BuildDirectory } from '../source/build-directory.ts';
import { BuildError } from '../source/build-error.ts';
import type { Fingerprint } from '../source/fingerprint.ts';
import type { Outcome } from '../wire/frames.ts';
import type { JobMessage, JobNote } from '../wire/messages.ts';
import { decodeError } from '../wire/wire-error.ts';
import { grantedEnvironment } from './environment.ts';
import { Patience } from './patience.ts';

/** How long the pool's threads may take to end before they count as zombies. */
const DESTROY_MS = 1_000;

/** The thread pool of one generation, for its processor-heavy work; it starts with the first job. */
export class OffloadPool {
  readonly #options: ResolvedPluginOptions;
  readonly #directory: BuildDirectory;
  /** Tells of the files that a job is built from, also if that fails. */
  readonly #onInputs: (inputs: Fingerprint) => Promise<void>;
  /** What a job prints. */
  readonly #onNote: (note: JobNote) => void;
  readonly #builds = new Map<string, Promise<Build>>();
  #pool: Promise<Piscina> | undefined;
  #closed = false;

  constructor(
    options: ResolvedPluginOptions,
    directory: BuildDirectory,
    onInputs: (inputs: Fingerprint) => Promise<void>,
    onNote: (note: JobNote) => void,
  ) {
    this.#options = options;
    this.#directory = directory;
    this.#onInputs = onInputs;
    this.#onNote = onNote;
  }

  async run(url: string, input: unknown, signal: AbortSignal | undefined): Promise<unknown> {
    let outcome: Outcome;
    try {
      const [build, pool] = await Promise.all([this.#build(url), this.#start()]);
      if (this.#closed) throw new Error('the generation has ended');
      const message: JobMessage = { input, budgets: this.#options.budgets };
      outcome = await pool.run(message, { filename: build.url, ...(signal === undefined ? {} : { signal }) });
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

  /** Ends the pool and its jobs. Resolves to `false` if a job does not end, because it is stuck outside JavaScript. */
  async close(): Promise<boolean> {
    this.#closed = true;
    const pool = await this.#pool;
    if (pool === undefined) return true;
    const destroyed = pool.destroy().then(() => this.#discardBuilds());
    return new Patience()
      .wait(destroyed, DESTROY_MS, () => undefined)
      .then(
        () => true,
        () => false,
      );
  }

  async #start(): Promise<Piscina> {
    this.#pool ??= import('piscina').then(({ Piscina }) => {
      const { maxThreads, maxQueue } = this.#options.offload;
      const pool = new Piscina({
        minThreads: 0,
        maxThreads,
        maxQueue,
        idleTimeout: 10_000,
        // 'sync' would freeze a worker after each task, and with it what the task left running.
        atomics: 'disabled',
        env: grantedEnvironment(this.#options.env),
        argv: [],
        execArgv: ['--enable-source-maps'],
        resourceLimits: { maxOldGenerationSizeMb: this.#options.limits.heapMb },
      });
      // Errors that come after a task has ended; the worker is replaced.
      pool.on('error', () => {});
      pool.on('message', (note) => this.#onNote(note));
      return pool;
    });
    return this.#pool;
  }

  #build(url: string): Promise<Build> {
    let build = this.#builds.get(url);
    if (build === undefined) {
      build = this.#buildAnew(url);
      this.#builds.set(url, build);
    }
    return build;
  }

  /** What failed is tried again by the next job. */
  async #buildAnew(url: string): Promise<Build> {
    try {
      const build = await buildJob(fileURLToPath(url), await this.#directory.path());
      await this.#onInputs(build.inputs);
      return build;
    } catch (error) {
      this.#builds.delete(url);
      if (error instanceof BuildError) await this.#onInputs(error.inputs);
      throw error;
    }
  }

  async #discardBuilds(): Promise<void> {
    for (const build of await Promise.allSettled(this.#builds.values())) {
      if (build.status === 'fulfilled') await this.#directory.discard(build.value);
    }
  }
}
