/**
 * What the host and the relay of a process say to each other, beside what passes through the relay to and from the
 * plugin. Types and plain data only.
 */
import type { WireError } from './frames.ts';
import type { JobMessage } from './messages.ts';

/** The descriptor of the pipe, in the process. */
export const PIPE = 3;
/** Channels of the pipe. */
export const CHANNEL = { plugin: 0, control: 1 } as const;

/** Host → process, as its only argument. */
export interface ProcessArguments {
  heapMb: number;
  execArgv: string[];
  isStandby: boolean;
  setV8Flags: boolean;
}

/** Process → host: signs of life of the plugin's thread, and what it uses. */
export interface VitalsNote {
  pulse: number;
  heapBytes: number;
  heapLimitBytes: number;
  externalBytes: number;
  heapIsLow: boolean;
  loopUtilization: number;
}

/** Process → host: the plugin's thread has ended, and this was its last word. */
export interface EndedNote {
  kind: string;
  text: string;
  exitCode?: number;
  error?: WireError;
}

/** Host → process, before the first job. */
export interface PoolNote {
  maxThreads: number;
  maxQueue: number;
  env: Record<string, string>;
  heapMb: number;
}

/** Host → process: answered with its outcome. */
export interface JobRequest extends JobMessage {
  job: number;
  url: string;
}
