import { fileURLToPath } from 'node:url';
import type { Piscina } from 'piscina';
import { BulkheadError, codeOf } from '../errors.ts';
import type { ResolvedPluginOptions } from '../options.ts';
import { type Build, buildPlugin } from '../source/build.ts';

/** The thread pool of one generation, for its processor-heavy work; it starts with the first job. */
export class OffloadPool {
  readonly #options: ResolvedPluginOptions;
  readonly #directory: () => Promise<string>;
  readonly #builds = new Map<string, Promise<Build>>();
  #pool: Promise<Piscina> | undefined;
  #closed = false;

  constructor(options: ResolvedPluginOptions, directory: () => Promise<string>) {
    this.#options = options;
    this.#directory = directory;
  }

  /** The files that jobs were built from, as far as they are known by now. */
  async inputs(url: string): Promise<Build['inputs']> {
    return (await this.#build(url)).inputs;
  }

  async run(url: string, input: unknown, signal: AbortSignal | undefined): Promise<unknown> {
    try {
      const [build, pool] = await Promise.all([this.#build(url), this.#start()]);
      if (this.#closed) throw new Error('the generation has ended');
      return await pool.run(input, { filename: build.url, ...(signal === undefined ? {} : { signal }) });
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      throw explain(error, url);
    }
  }

  /** Ends the pool and its jobs. */
  async close(): Promise<void> {
    this.#closed = true;
    const pool = await this.#pool;
    await pool?.destroy();
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
        env: {},
        argv: [],
        execArgv: ['--enable-source-maps'],
        resourceLimits: { maxOldGenerationSizeMb: this.#options.limits.heapMb },
      });
      // Errors that come after a task has ended; the worker is replaced.
      pool.on('error', () => {});
      return pool;
    });
    return this.#pool;
  }

  #build(url: string): Promise<Build> {
    let build = this.#builds.get(url);
    if (build === undefined) {
      build = this.#directory().then((directory) => buildPlugin(fileURLToPath(url), directory));
      this.#builds.set(url, build);
    }
    return build;
  }
}

const POOL_MESSAGES = ['Task queue is at limit', 'Terminating worker thread', 'the generation has ended'];

/** What kept the job from being run gets our code; what the job itself threw stays as it is. */
function explain(error: unknown, url: string): unknown {
  const text = error instanceof Error ? error.message : String(error);
  const code = codeOf(error);
  const isOurs =
    code === 'ERR_PLUGIN_BUILD' || code?.startsWith('ERR_WORKER') || POOL_MESSAGES.includes(text);
  if (!isOurs) return error;
  return new BulkheadError('ERR_OFFLOAD', `The job '${fileURLToPath(url)}' could not be run: ${text}`, {
    cause: error,
  });
}
