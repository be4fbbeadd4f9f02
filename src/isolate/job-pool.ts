import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Piscina } from 'piscina';
import { CONDITION_FLAGS } from '../conditions.ts';
import type { Outcome } from '../wire/frames.ts';
import type { JobMessage } from '../wire/messages.ts';
import type { JobPoolOptions } from '../wire/process-messages.ts';
import { encodeError } from '../wire/wire-error.ts';
import { within } from '../within.ts';
import { JobQueue } from './job-queue.ts';
import { threadEnds } from './thread-ends.ts';
import { explainWorkingDirectory, returnToWorkingDirectory } from './working-directory.ts';

const JOB_THREAD = fileURLToPath(new URL('../runtime/job-thread.cjs', import.meta.url));
/** How long the pool's threads may take to end before they count as zombies. */
const DESTROY_MS = 1_000;

/** Threads that go on although they were told to end. */
export interface Leftover {
  /** Resolves when they have ended after all. */
  gone: Promise<unknown>;
}

/** Runs built jobs. */
export interface Jobs {
  /** Rejects if the job could not be run; its own outcome is the result. */
  run(url: string, message: JobMessage, signal: AbortSignal | undefined): Promise<Outcome>;
  /** Ends the jobs. Resolves with those that do not end, because they are stuck outside JavaScript. */
  close(): Promise<Leftover | undefined>;
}

interface Threads {
  readonly pool: Piscina;
  /** How many jobs it has. */
  jobs: number;
  /** What came of a thread last that had no job: it could not be started, or failed after its job had ended. */
  lastError: unknown;
  /** Why it was given up. */
  failure: unknown;
}

/** A thread pool in this process; it starts with the first job. */
export class JobPool implements Jobs {
  readonly #options: JobPoolOptions;
  readonly #execArgv: readonly string[];
  readonly #onNote: (note: unknown) => void;
  readonly #queue: JobQueue;
  #threads: Promise<Threads> | undefined;
  #isClosed = false;

  /**
   * @param execArgv that of the plugin's own thread
   * @param onNote takes what the jobs log, unchecked
   */
  constructor(options: JobPoolOptions, execArgv: readonly string[], onNote: (note: unknown) => void) {
    this.#options = options;
    this.#execArgv = execArgv;
    this.#onNote = onNote;
    this.#queue = new JobQueue(options.maxThreads);
  }

  async run(url: string, message: JobMessage, signal: AbortSignal | undefined): Promise<Outcome> {
    const { maxThreads, maxQueue } = this.#options;
    if (this.#queue.size >= maxThreads + maxQueue) {
      const text = `${maxThreads} jobs run and ${maxQueue} wait in the queue already`;
      throw new Error(`${text}; raise 'offload.maxQueue' or 'offload.maxThreads'`);
    }
    return this.#queue.run(() => this.#run({ url, message }, signal), signal);
  }

  async close(): Promise<Leftover | undefined> {
    this.#isClosed = true;
    const threads = await this.#threads;
    return threads === undefined ? undefined : end(threads.pool);
  }

  async #run(job: object, signal: AbortSignal | undefined): Promise<Outcome> {
    this.#throwIfClosed();
    this.#threads ??= this.#start();
    const threads = await this.#threads;
    this.#throwIfClosed();
    const { pool } = threads;
    returnToWorkingDirectory();
    threads.jobs++;
    try {
      return await (signal === undefined ? pool.run(job) : runUntil(signal, pool, job));
    } catch (error) {
      throw threads.failure ?? error;
    } finally {
      threads.jobs--;
      this.#giveUpIfStuck(threads);
    }
  }

  #throwIfClosed(): void {
    if (this.#isClosed) throw new Error('the generation has ended');
  }

  /** A thread that could not be started is not replaced: its job would wait for ever. */
  #giveUpIfStuck(threads: Threads): boolean {
    if (threads.jobs === 0 || threads.pool.threads.length > 0) return false;
    const { lastError } = threads;
    const text = explainWorkingDirectory(lastError);
    threads.failure = text === undefined ? lastError : new Error(text, { cause: lastError });
    this.#threads = undefined;
    void end(threads.pool);
    return true;
  }

  async #start(): Promise<Threads> {
    const { Piscina } = await import('piscina');
    const { maxThreads, env, heapMb } = this.#options;
    const pool = new Piscina({
      filename: JOB_THREAD,
      minThreads: 0,
      maxThreads,
      idleTimeout: 10_000,
      // 'sync' would freeze a worker after each task, and with it what the task left running.
      atomics: 'disabled',
      env,
      argv: [],
      execArgv: ['--enable-source-maps', ...CONDITION_FLAGS, ...this.#execArgv],
      resourceLimits: { maxOldGenerationSizeMb: heapMb },
    });
    const threads: Threads = { pool, jobs: 0, lastError: undefined, failure: undefined };
    pool.on('error', (error: unknown) => {
      threads.lastError = error;
      if (this.#giveUpIfStuck(threads)) return;
      const text = `A job failed after it had ended: ${String(error)}`;
      this.#onNote({ kind: 'log', note: { level: 'error', fields: { err: encodeError(error) }, text } });
    });
    pool.on('message', (note) => this.#onNote(note));
    return threads;
  }
}

async function end(pool: Piscina): Promise<Leftover | undefined> {
  return threadEnds.end(async () => {
    const gone = pool.destroy();
    const ended = gone.then(
      () => true,
      () => false,
    );
    return (await within(ended, DESTROY_MS)) ? undefined : { gone };
  });
}

/** Runs a job that can be aborted: then the pool ends its thread. */
async function runUntil(signal: AbortSignal, pool: Piscina, job: object): Promise<Outcome> {
  signal.throwIfAborted();
  const controller = new AbortController();
  const abort = () =>
    threadEnds.end(async () => {
      const threads = [...pool.threads];
      controller.abort(signal.reason);
      // None if the job was not running yet.
      const ending = threads.filter((thread) => !pool.threads.includes(thread));
      const deadline = AbortSignal.timeout(DESTROY_MS);
      await Promise.allSettled(ending.map((thread) => once(thread, 'exit', { signal: deadline })));
    });
  signal.addEventListener('abort', abort);
  try {
    return await pool.run(job, { signal: controller.signal });
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
