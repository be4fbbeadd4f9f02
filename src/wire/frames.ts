/**
 * What crosses the wire between the host and an isolate. Requests and responses are comlink's own messages (so that
 * comlink can stand behind the checks in `check.ts`); notes are one-way and ours.
 */
export interface RequestFrame {
  id: string;
  type: 'APPLY';
  path: [string];
  argumentList: { type: 'RAW'; value: unknown }[];
}

export interface ResponseFrame {
  id: string;
  type: 'RAW';
  value: Outcome;
}

export interface NoteFrame {
  type: 'NOTE';
  name: string;
  value: unknown;
}

export type Frame = RequestFrame | ResponseFrame | NoteFrame;

/** How a request ended. Errors travel as data: comlink alone would lose `code` and `cause`. */
export type Outcome = { ok: true; value: unknown } | { ok: false; error: WireError };

export type WireError =
  | {
      kind: 'error';
      name: string;
      message: string;
      stack?: string;
      code?: string | number;
      cause?: WireError;
      errors?: WireError[];
      fields?: Record<string, unknown>;
    }
  | { kind: 'value'; value: unknown };

/** One message between the two sides: the frames of one tick, in the order they were sent. */
export type Batch = Frame[];

/** The two ends of a wire, whatever carries it. */
export interface Channel<T = Batch> {
  post(batch: T): void;
  /** Called with whatever arrived, unchecked. */
  onBatch(listener: (batch: unknown) => void): void;
  /** Stops reading and writing. */
  close(): void;
}

export const LIMITS = {
  /** Most frames in one message. */
  framesPerBatch: 10_000,
  /** Longest request id, method, note or topic name, in characters. */
  nameLength: 512,
  /** Longest name, version, description … of a plugin, in characters. */
  metadataLength: 1_000,
  /** Longest usage or description of a command, in characters. */
  commandTextLength: 4_096,
  /** Largest argument, result, payload or state value, in bytes as V8 serializes it. */
  valueBytes: 64 * 1024 * 1024,
  /** What gathers in a tick is sent before its end once it has more bytes: one side reads while the other writes. */
  batchBytes: 1024 * 1024,
  /** Largest argument, result, payload or state value by the rougher measure of the receiver, bytes. */
  measuredBytes: 256 * 1024 * 1024,
  /** How deep a value may be nested. V8 reads and writes values with a function that calls itself, on the stack there is. */
  depth: 500,
  /** Most errors one error may bring along as causes and parts, itself included, counted as often as they are referred to. */
  errorsInError: 1_000,
  /** Most texts and fields of one error, its causes and parts included, by the rougher measure of the receiver, bytes. */
  errorBytes: 16 * 1024 * 1024,
  /** Largest frame that is accepted, by the rougher measure of the receiver: several times what a sender lets through. */
  frameBytes: 512 * 1024 * 1024,
} as const;
