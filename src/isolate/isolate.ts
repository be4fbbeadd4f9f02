import type { CrashReason } from '../status.ts';
import type { Batch, Channel } from '../wire/frames.ts';
import type { JobPoolOptions } from '../wire/process-messages.ts';
import type { VitalSigns } from '../wire/vitals.ts';
import type { Jobs } from './job-pool.ts';

/** Where a plugin runs. */
export type Tier = 'thread' | 'process';

/** Why a generation ended. The first cause is the one that counts. */
export type EndKind =
  | CrashReason
  /** The host ended it: reload, unload, a standby that was not needed. */
  | 'requested'
  /** Its process could not be started. */
  | 'start-failed';

export interface EndReason {
  kind: EndKind;
  /** For people: continues a sentence that begins with the name of the plugin. */
  text: string;
  error?: unknown;
  /** Where it was stuck, in the author's lines. */
  stack?: string | undefined;
  exitCode?: number;
}

export interface IsolateEnd extends EndReason {
  /** It did not stop when it was told to, and may still run: stuck in a system call, say. */
  zombie: boolean;
}

/** Where a thread's code is while it runs. */
export type Whereabouts =
  /** In the author's lines. */
  | { kind: 'stack'; stack: string }
  /** In a system call or native code. */
  | { kind: 'outside' }
  /** Nobody could be asked. `why` continues a sentence. */
  | { kind: 'unknown'; why: string };

/** One isolated place where one plugin runs once. It starts at construction, and ends once, for one recorded reason. */
export interface Isolate<T = Batch> {
  /** The host's end of the private wire; messages are kept until somebody listens. */
  readonly channel: Channel<T>;
  /** Resolves when it has ended and everything it had sent was read. Never rejects. */
  readonly ended: Promise<IsolateEnd>;
  /** For a zombie: resolves when it is really gone. Otherwise as `ended`. */
  readonly gone: Promise<void>;
  /** Counts up with every sign of life that was seen. */
  readonly pulse: number;
  /** As of the last sign of life it was asked for; `undefined` before the first. */
  readonly usage: IsolateUsage | undefined;
  /** Looks for signs of life. One that is idle is not woken; one that has worked since the last time tells its usage. */
  look(): void;
  /** Where its code is at the moment. */
  whereabouts(): Promise<Whereabouts>;
  /** Output that did not go through the runtime. */
  onOutput(listener: (stream: 'stdout' | 'stderr', chunk: Buffer) => void): void;
  /** A pool of threads for the plugin's heavy work, where the plugin itself is. */
  jobs(options: JobPoolOptions, onNote: (note: unknown) => void): Jobs;
  /** Records a reason without ending it: what comes next is the consequence. */
  blame(reason: EndReason): void;
  /** Ends it, whatever it is doing. */
  end(reason: EndReason): void;
}

export interface IsolateUsage extends VitalSigns {
  /** How much of the time its event loop was busy lately, 0 to 1. */
  loopUtilization: number;
}

/** What has to be known before an isolate can start. */
export interface IsolateSpec {
  tier: Tier;
  /** V8 heap (old generation), MiB. */
  heapMb: number;
  /** Command line of Node for the plugin's threads. */
  execArgv: string[];
}
