import type { Piscina } from 'piscina';
import type { Outcome } from '../wire/frames.ts';
import type { JobMessage } from '../wire/messages.ts';
import { Patience } from './patience.ts';
import { threadEnds } from './thread-ends.ts';

/** How long the pool's threads may take to end before they count as zombies. */
const DESTROY_MS = 1_000;

export interface JobPoolOptions {
  maxThreads: number;
  maxQueue: number;
  /** The environment of its threads. */
  env: Record<string, string>;
  /** V8 heap of each thread, MiB. */
  heapMb: number;
}

/** Runs built jobs. */
export interface Jobs {
  /** Rejects if the job could not be run; its own outcome is the result. */
  run(url: string, message: JobMessage, signal: AbortSignal | undefined): Promise<Outcome>;
  /** Ends the jobs. Resolves to `false` if one does not end, because it is stuck outside JavaScript. */
  close(): Promise<boolean>;
}

/** A thread pool in this process; it starts with the first job. */
export class JobPool implements Jobs {
  readonly #options: JobPoolOptions;
  readonly #execArgv: readonly string[];
  readonly #onNote: (note: unknown) => void;
  #pool: Promise<Piscina> | undefined;
  #isClosed = false;
  /** piscina's own bound does not count jobs that can be aborted. */
  #underWay = 0;

  /**
   * @param execArgv that of the plugin's own thread
   * @param onNote takes what the jobs log, unchecked
   */
  constructor(options: JobPoolOptions, execArgv: readonly string[], onNote: (note: unknown) => void) {
    this.#options = options;
    this.#execArgv = execArgv;
    this.#onNote = onNote;
  }

  async run(url: string, message: JobMessage, signal: AbortSignal | undefined): Promise<Outcome> {
    const { maxThreads, maxQueue } = this.#options;
    if (this.#underWay >= maxThreads + maxQueue)
      throw new Error(`${maxThreads} jobs run and ${maxQueue} wait in the queue; more are not taken`);
    this.#underWay++;
    try {
      this.#pool ??= this.#start();
      const pool = await this.#pool;
      if (this.#isClosed) throw new Error('the generation has ended');
      return await pool.run(message, { filename: url, ...(signal === undefined ? {} : { signal }) });
    } finally {
      this.#underWay--;
    }
  }

  async close(): Promise<boolean> {
    this.#isClosed = true;
    const pool = await this.#pool;
    if (pool === undefined) return true;
    return threadEnds.end(() =>
      new Patience()
        .wait(pool.destroy(), DESTROY_MS, () => undefined)
        .then(
          () => true,
          () => false,
        ),
    );
  }

  async #start(): Promise<Piscina> {
    const { Piscina } = await import('piscina');
    const { maxThreads, env, heapMb } = this.#options;
    const pool = new Piscina({
      minThreads: 0,
      maxThreads,
      idleTimeout: 10_000,
      // 'sync' would freeze a worker after each task, and with it what the task left running.
      atomics: 'disabled',
      env,
      argv: [],
      execArgv: ['--enable-source-maps', ...this.#execArgv],
      resourceLimits: { maxOldGenerationSizeMb: heapMb },
    });
    // Errors that come after a task has ended; the worker is replaced.
    pool.on('error', () => {});
    pool.on('message', (note) => this.#onNote(note));
    return pool;
  }
}
