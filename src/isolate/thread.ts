import { MessageChannel, type ResourceLimits, Worker, type WorkerOptions } from 'node:worker_threads';
import { CONDITION_FLAGS } from '../conditions.ts';
import { isLack } from '../lacking.ts';
import { lateTimeout } from '../late-timeout.ts';
import type { Batch } from '../wire/frames.ts';
import type { Alone, FirstMessage } from '../wire/messages.ts';
import { PortChannel } from '../wire/port-channel.ts';
import type { JobPoolOptions } from '../wire/process-messages.ts';
import { Vitals } from '../wire/vitals.ts';
import { withResolvers } from '../with-resolvers.ts';
import type { EndReason, Isolate, IsolateEnd, IsolateSpec, IsolateUsage, Whereabouts } from './isolate.ts';
import { JobPool, type Jobs } from './job-pool.ts';
import { NotStartedError, notStarted } from './not-started.ts';
import { Pulse } from './pulse.ts';
import { compiledRuntimeCode, runtimeCode } from './runtime-code.ts';
import { threadEnds } from './thread-ends.ts';
import { threadWhereabouts } from './thread-whereabouts.ts';
import { explainWorkingDirectory, returnToWorkingDirectory } from './working-directory.ts';

const BOOT = new URL('../runtime/boot.cjs', import.meta.url);
/** How long `terminate()` may take before the thread counts as a zombie: it cannot interrupt a system call. */
const TERMINATE_MS = 1_000;

/** An isolate that is a worker thread. Nothing else in Bulkhead creates a `Worker` for a plugin. */
export class ThreadIsolate<T = Batch> implements Isolate<T> {
  readonly channel: PortChannel<T>;
  readonly #ended = withResolvers<IsolateEnd>();
  readonly #gone = withResolvers();
  readonly ended = this.#ended.promise;
  readonly gone = this.#gone.promise;
  readonly #vitals = new Vitals();
  readonly #pulse = new Pulse(this.#vitals, () => this.channel.ping());
  readonly #worker: Worker;
  readonly #execArgv: string[];
  #reason: EndReason | undefined;
  #exitCode: number | undefined;
  #isTerminated = false;

  /**
   * @param isStandby whether it is started before its plugin is known
   * @param alone that it is the only one in its process, and what it does for itself then
   */
  constructor({ heapMb, execArgv }: Omit<IsolateSpec, 'tier'>, isStandby: boolean, alone?: Alone) {
    this.#execArgv = execArgv;
    returnToWorkingDirectory();
    const { port1, port2 } = new MessageChannel();
    this.channel = new PortChannel(port1);
    this.channel.onLeaving((exitCode) => this.#letGo(exitCode));
    const options: WorkerOptions = {
      name: 'bulkhead plugin',
      argv: [],
      execArgv: [...CONDITION_FLAGS, ...execArgv],
      env: {},
      workerData: alone === undefined ? compiledRuntimeCode() : runtimeCode(),
      stdin: false,
      stdout: true,
      stderr: true,
      resourceLimits: resourceLimits(heapMb),
    };
    try {
      this.#worker = new Worker(BOOT, options);
    } catch (error) {
      this.channel.close();
      throw isLack(error) ? new NotStartedError(notStarted('thread', error), { cause: error }) : error;
    }
    this.#worker.on('error', (error) => this.blame(reasonOf(error)));
    this.#worker.once('exit', (code) => this.#exited(code));
    const first: FirstMessage = { port: port2, vitals: this.#vitals.buffer, alone, isStandby };
    this.#worker.postMessage(first, [port2]);
  }

  get pulse(): number {
    return this.#pulse.count;
  }

  get usage(): IsolateUsage | undefined {
    const signs = this.#vitals.read();
    return signs && { ...signs, loopUtilization: this.#pulse.utilization };
  }

  look(): void {
    this.#pulse.look(this.#worker.performance.eventLoopUtilization());
  }

  async whereabouts(): Promise<Whereabouts> {
    // Those of Node for permissions, of which there are no others.
    if (this.#execArgv.length > 0) return { kind: 'unknown', why: 'its permissions keep the inspector out' };
    return threadWhereabouts(this.#worker.threadId);
  }

  onOutput(listener: (stream: 'stdout' | 'stderr', chunk: Buffer) => void): void {
    this.#worker.stdout.on('data', (chunk: Buffer) => listener('stdout', chunk));
    this.#worker.stderr.on('data', (chunk: Buffer) => listener('stderr', chunk));
  }

  jobs(options: JobPoolOptions, onNote: (note: unknown) => void): Jobs {
    return new JobPool(options, this.#execArgv, onNote);
  }

  blame(reason: EndReason): void {
    this.#reason ??= reason;
  }

  end(reason: EndReason): void {
    this.blame(reason);
    this.#terminate();
  }

  /** The exit code is what Node reports if there is no better reason: an uncaught exception is told before the exit. */
  #letGo(exitCode: number): void {
    this.#exitCode = exitCode;
    this.#terminate();
  }

  #terminate(): void {
    if (this.#isTerminated) return;
    this.#isTerminated = true;
    void this.gone.then(lateTimeout(() => this.#finish(true), TERMINATE_MS));
    void threadEnds.end(() => {
      void this.#worker.terminate();
      return this.ended;
    });
  }

  #exited(exitCode: number): void {
    // Last words first: they may hold the reason, and the last writes of the state.
    this.channel.drain();
    this.#exitCode ??= exitCode;
    this.#finish(false);
    this.#gone.resolve();
  }

  #finish(zombie: boolean): void {
    if (zombie) this.channel.drain();
    if (this.#exitCode !== undefined) this.blame(exitReason(this.#exitCode));
    this.channel.close();
    this.#ended.resolve({ ...(this.#reason as EndReason), zombie });
  }
}

/** A third for the young generation's semi-space, as V8 sizes it by itself for small heaps. */
export function resourceLimits(heapMb: number): ResourceLimits {
  return { maxOldGenerationSizeMb: heapMb, maxYoungGenerationSizeMb: Math.min(32, Math.max(4, heapMb / 8)) };
}

function exitReason(exitCode: number): EndReason {
  return { kind: 'exit', text: `it called process.exit(${exitCode})`, exitCode };
}

function reasonOf(error: unknown): EndReason {
  const { code, message } = error as { code?: string; message?: string };
  if (code === 'ERR_WORKER_OUT_OF_MEMORY')
    return { kind: 'heap-limit', text: `it reached its heap limit (${message})`, error };
  if (code === 'ERR_WORKER_INIT_FAILED')
    return { kind: 'start-failed', text: notStarted('thread', error), error };
  const text = explainWorkingDirectory(error) ?? `uncaught ${String(error)}`;
  return { kind: 'uncaught-exception', text, error };
}
