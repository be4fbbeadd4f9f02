/**
 * What the host and the relay of a process say to each other, beside what passes through the relay to the plugin. Types and
 * plain data only.
 */
import type { WireError } from './frames.ts';
import type { JobMessage } from './messages.ts';
import type { VitalSigns } from './vitals.ts';

/** The descriptor of the pipe between the host and the relay, in the process. */
export const PIPE = 3;
/** That on which the plugin's thread writes to the host by itself, so that nothing it has sent is lost with the process. */
export const OUTBOX = 4;
/** Channels of the pipes: what the host says to the plugin passes through the relay. */
export const CHANNEL = { plugin: 0, control: 1 } as const;

/** Host → process, as its only argument. */
export interface ProcessArguments {
  heapMb: number;
  execArgv: string[];
  isStandby: boolean;
  setV8Flags: boolean;
}

/** Process → host: signs of life of the plugin's thread, and what it uses, once it has told. */
export interface VitalsNote {
  pulse: number;
  usage: (VitalSigns & { loopUtilization: number }) | undefined;
}

/** Process → host: the plugin's thread has ended, and this was its last word. */
export interface EndedNote {
  kind: string;
  text: string;
  exitCode?: number;
  error?: WireError;
}

/** A pool of threads for jobs. Host → process, before the first job. */
export interface JobPoolOptions {
  maxThreads: number;
  maxQueue: number;
  /** The environment of its threads. */
  env: Record<string, string>;
  /** V8 heap of each thread, MiB. */
  heapMb: number;
}

/** Host → process: answered with its outcome. */
export interface JobRequest extends JobMessage {
  job: number;
  url: string;
}
