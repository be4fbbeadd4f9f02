/** What the two sides of a generation say to each other: the contents of the frames. Types and plain data only. */
import type { WireError } from './frames.ts';
import type { SignalPlace } from './signals.ts';

/** Host → isolate: everything a generation needs to know before its module is imported. */
export interface LoadMessage {
  id: string;
  generation: number;
  /** The plugin's entry file as its author knows it. */
  file: string;
  /** `file:` URL of the built module. */
  url: string;
  /** Raw configuration; checked against the plugin's schema in the isolate. */
  config: unknown;
  /** Granted environment variables. */
  env: Record<string, string>;
  /** Names of the functions behind `ctx.bot`. */
  bot: string[];
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
  methods: string[];
  inputs: string[];
}

/** Host → isolate: one call. `signals` are the places in `args` where an `AbortSignal` was. */
export interface InvokeMessage {
  invocation: number;
  target:
    | { kind: 'method'; name: string }
    | { kind: 'command'; name: string }
    | { kind: 'tick'; schedule: number };
  args: unknown[];
  signals: SignalPlace[];
}

export interface EventMessage {
  /** Numbered per generation; `done` reports by it. */
  invocation: number;
  topic: string;
  payload: unknown;
  source: string;
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

export interface OffloadMessage {
  call: number;
  url: string;
  input: unknown;
}

/** Either way: the signal at that place of a call under way was aborted. */
export interface AbortNote {
  call: number;
  which: number;
  reason: WireError;
}

export interface EmitNote {
  on: number;
  topic: string;
  payload: unknown;
}

export interface DoneNote {
  invocation: number;
  errors: WireError[];
}

export interface LogNote {
  level: LogLevel;
  fields: Record<string, unknown>;
  text: string;
}

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';

export type Registration =
  | { kind: 'subscription'; id: number; pattern: string }
  | { kind: 'command'; id: number; name: string; usage: string; description: string; aliases: string[] }
  | { kind: 'schedule'; id: number; everyMs: number }
  | { kind: 'timeout'; id: number; afterMs: number };

export type StateNote = { op: 'set'; key: string; value: unknown } | { op: 'delete'; key: string };

export const RUNTIME_METHODS = [
  'load',
  'migrate',
  'setup',
  'invoke',
  'events',
  'configure',
  'teardown',
] as const;
export const RUNTIME_NOTES = ['abort', 'state'] as const;
export const HOST_METHODS = ['bot', 'offload'] as const;
export const HOST_NOTES = [
  'booted',
  'log',
  'register',
  'unregister',
  'state',
  'emit',
  'done',
  'abort',
  'fatal',
] as const;
