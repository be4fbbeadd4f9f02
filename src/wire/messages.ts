/** What the two sides of a generation say to each other: the contents of the frames. Types and plain data only. */
import type { MessagePort } from 'node:worker_threads';
import type { Deniable } from '../permissions.ts';
import type { LogLevel } from '../status.ts';
import type { WireError } from './frames.ts';
import type { SignalPlace } from './signals.ts';

/** Host → isolate, as the thread's own message: all others go through the port. */
export interface FirstMessage {
  port: MessagePort;
  /** See `Vitals`. */
  vitals: SharedArrayBuffer;
  /** In a process of its own. */
  alone: Alone | undefined;
  /** It will wait for its plugin, and may use the time. */
  isStandby: boolean;
}

export interface Alone {
  /** Batches travel as bytes, and this is the descriptor on which the thread writes its own. */
  outbox: number;
  /** See the option of that name. */
  setV8Flags: boolean;
}

/** Host → isolate: everything a generation needs to know before its module is imported. */
export interface LoadMessage {
  generation: number;
  /** `file:` URL of the built module. */
  url: string;
  /** Granted environment variables. */
  env: Record<string, string>;
  /** Names of the functions behind `ctx.bot`. */
  bot: string[];
  budgets: BudgetLimits;
  /** How large its state may become, bytes. */
  stateBytes: number;
  /** What is kept from it. */
  denied: Deniable[];
}

/** What a plugin may send. */
export interface BudgetLimits {
  logBytesPerSecond: number;
  emitsPerSecond: number;
  emitBytesPerSecond: number;
  pendingCalls: number;
  pendingCallBytes: number;
}

/** Isolate → host: what the module says of itself. Checked again by the host. */
export interface LoadReport {
  metadata: PluginMetadata;
  /** Local files the isolate loaded by itself (`createRequire`), beyond the build's inputs. */
  inputs: string[];
}

export interface PluginMetadata {
  name: string;
  displayName: string;
  version: string;
  description: string;
  author: string;
  stateVersion: number;
  swap: 'handover' | 'overlap';
}

/** Host → isolate: the configuration it starts with. */
export interface ConfigMessage {
  /** Raw; checked against the plugin's schema in the isolate. */
  config: unknown;
}

export type StateEntries = [key: string, value: unknown][];

export interface MigrateMessage {
  entries: StateEntries;
  fromVersion: number;
}

export interface SetupMessage {
  invocation: number;
  entries: StateEntries;
}

export interface SetupReport {
  inputs: string[];
}

/**
 * Host → isolate: things to do that follow one another and have most in common, each with a number of its own in its
 * generation. In lists, since a message for each would be mostly the same names and texts, and these are what takes long
 * to send.
 */
export type WorkMessage = CallsMessage | EventsMessage;

export interface CallsMessage {
  kind: 'calls';
  target: CallTarget;
  invocations: number[];
  args: unknown[][];
  /** Of those that have any, the places in their arguments where an `AbortSignal` was. */
  signals: [invocation: number, places: SignalPlace[]][];
}

export type CallTarget =
  | { kind: 'method'; name: string }
  | { kind: 'command'; name: string }
  | { kind: 'tick'; schedule: number };

export interface EventsMessage {
  kind: 'events';
  topic: string;
  source: string;
  /** They were in flight when a generation crashed: only for the handlers that asked for that. */
  redelivered: boolean;
  invocations: number[];
  payloads: unknown[];
}

/** Isolate → host: what is done, by the numbers of the work. */
export interface DoneNote {
  /** Calls in the order in which they ended, and what came of each. */
  calls: number[];
  results: unknown[];
  /** Where in these lists an error is what came of it. */
  failed: number[];
  /** Events whose handlers have all ended. */
  events: number[];
}

/** Isolate → host: one handler of an event threw. */
export interface FailedNote {
  invocation: number;
  error: WireError;
}

export interface ConfigureMessage {
  invocation: number;
  config: unknown;
}

export type ConfigureReport = { applied: boolean };

/** Isolate → host: one call. `on` is the invocation on whose behalf it is made, 0 for none. */
export interface HostCallMessage {
  on: number;
  /** Numbered per generation, for `abort`. */
  call: number;
  method: string;
  args: unknown[];
  signals: SignalPlace[];
}

/** Either way: the signal at that place of a call under way was aborted. */
export interface AbortNote {
  call: number;
  which: number;
  reason: WireError;
}

/** Isolate → host: one of the pieces that the host has asked for, of the snapshot that it has given this number. */
export interface SnapshotPiece {
  number: number;
  bytes: Uint8Array;
}

/** Host → isolate: so many pieces more. Answered when they have been sent; none were left if none came. */
export interface SnapshotRead {
  number: number;
  pieces: number;
}

export interface EmitNote {
  topic: string;
  payload: unknown;
}

/** Host → a thread of the pool. */
export interface JobMessage {
  input: unknown;
  budgets: BudgetLimits;
  denied: Deniable[];
}

/** A thread of the pool → host, beside the outcomes of its jobs. */
export type JobNote = { kind: 'log'; note: LogNote } | { kind: 'dropped'; note: DroppedNote };

/** Isolate → host: so many log lines or events went over the budget since the last such note. */
export interface DroppedNote {
  what: 'log' | 'emit';
  count: number;
}

export interface LogNote {
  level: LogLevel;
  fields: Record<string, unknown>;
  text: string;
}

export type Registration =
  | { kind: 'subscription'; id: number; pattern: string; redeliver: boolean }
  | { kind: 'command'; id: number; name: string; usage: string; description: string; aliases: string[] }
  | { kind: 'schedule'; id: number; everyMs: number }
  | { kind: 'timeout'; id: number; afterMs: number };

/**
 * Isolate → host: one write, numbered per generation. `bytes`: about how large it is; the host says how much of all that
 * it has read, by `stateRead`.
 */
export type StateNote = StateChange & { seq: number; bytes: number };

export type StateChange =
  | { op: 'set'; key: string; value: unknown }
  | { op: 'delete'; key: string }
  | { op: 'clear' };

/** Host → isolate: a write of another generation, with the last of the receiver's own writes that came before it. */
export type ForwardedState = StateChange & { seen: number };
