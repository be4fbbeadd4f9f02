import { fileURLToPath } from 'node:url';
import { asError, BulkheadError } from '../errors.ts';
import type { ResolvedPluginOptions } from '../options.ts';
import type { Restrictions } from '../source/restrictions.ts';
import type { Outcome } from '../wire/frames.ts';
import { decodeError } from '../wire/wire-error.ts';
import { FILES_MS, within } from '../within.ts';
import { grantedEnvironment } from './environment.ts';
import type { Generation } from './generation.ts';
import type { Jobs, Leftover } from './job-pool.ts';

/** The processor-heavy work of one generation: jobs are built once for its build, and run where the plugin is. */
export class OffloadPool {
  readonly #generation: Generation;
  readonly #options: ResolvedPluginOptions;
  readonly #directory: () => Promise<string>;
  readonly #jobs: Jobs;
  readonly #restrictions: Restrictions;
  #closed = false;

  /**
   * @param directory where its builds are written
   * @param onNote takes what the jobs print, unchecked
   */
  constructor(
    generation: Generation,
    options: ResolvedPluginOptions,
    restrictions: Restrictions,
    directory: () => Promise<string>,
    onNote: (note: unknown) => void,
  ) {
    this.#generation = generation;
    this.#options = options;
    this.#restrictions = restrictions;
    this.#directory = directory;
    const { limits, offload, env } = options;
    this.#jobs = generation.jobs({ ...offload, env: grantedEnvironment(env), heapMb: limits.heapMb }, onNote);
  }

  async run(url: string, input: unknown, signal: AbortSignal | undefined): Promise<unknown> {
    const file = fileURLToPath(url);
    let outcome: Outcome;
    try {
      const job = await this.#generation.build.jobs.get(file, await this.#directory(), this.#restrictions);
      if (this.#closed) throw new Error('the generation has ended');
      const { denied } = this.#restrictions;
      const message = { input, budgets: this.#options.budgets, denied: [...denied] };
      outcome = await this.#jobs.run(job.url, message, signal);
    } catch (cause) {
      if (signal?.aborted) throw signal.reason;
      const text = `The job '${file}' could not be run: ${asError(cause).message}`;
      throw new BulkheadError('ERR_OFFLOAD', text, { cause });
    }
    if (outcome.ok) return outcome.value;
    throw decodeError(outcome.error);
  }

  /** Ends the jobs. Resolves with those that do not end, because they are stuck outside JavaScript. */
  async close(): Promise<Leftover | undefined> {
    this.#closed = true;
    const leftover = await this.#jobs.close();
    await within(this.#generation.build.jobs.all(), FILES_MS);
    return leftover;
  }
}
