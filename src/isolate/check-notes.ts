/**
 * Checks of what a plugin's side says, beyond the frame itself; they throw. A note that is refused is a protocol violation
 * and ends the generation, a call of the host is answered with the error, and an answer fails the step it was for. Only a
 * runtime that was tampered with sends such things.
 */

import { isError } from '../errors.ts';
import { LOG_LEVELS } from '../status.ts';
import { isRecord, isWireError } from '../wire/check.ts';
import { LIMITS } from '../wire/frames.ts';
import type {
  DoneNote,
  DroppedNote,
  EmitNote,
  FailedNote,
  HostCallMessage,
  LogNote,
  PluginMetadata,
  SetupReport,
  SnapshotPiece,
  StateEntries,
  StateNote,
} from '../wire/messages.ts';
import { snapshot } from '../wire/snapshot.ts';
import { checkTopic } from '../wire/topics.ts';
import type { VitalSigns } from '../wire/vitals.ts';
import { decodeError } from '../wire/wire-error.ts';
import type { EndReason } from './isolate.ts';

/** The runtime cuts lines at 10,000 characters, and says how much it cut. */
const MAX_LINE = 10_100;

export function checkLog(note: unknown): LogNote {
  const { level, fields, text } = record(note);
  const known = LOG_LEVELS.find((each) => each === level);
  if (known === undefined || !isRecord(fields) || typeof text !== 'string')
    throw new TypeError('a malformed log record');
  const err = isWireError(fields.err) ? { err: decodeError(fields.err) } : {};
  return { level: known, fields: { ...fields, ...err }, text: text.slice(0, MAX_LINE) };
}

export function checkEmit(note: unknown): EmitNote {
  const { topic, payload } = record(note);
  checkTopic(topic);
  return { topic, payload };
}

export function checkDropped(note: unknown): DroppedNote {
  const { what, count } = record(note);
  if ((what !== 'log' && what !== 'emit') || typeof count !== 'number')
    throw new TypeError('a malformed report of what was dropped');
  return { what, count };
}

export function checkStateNote(note: unknown): StateNote {
  const { op, key, value, seq, bytes } = record(note);
  if (typeof seq !== 'number' || typeof bytes !== 'number')
    throw new TypeError('a write of state without its number or size');
  if (op === 'clear') return { op, seq, bytes };
  if (typeof key !== 'string') throw new TypeError('a write of state without a key');
  if (op === 'set') return { op, key, value: snapshot(value, key), seq, bytes };
  if (op === 'delete') return { op, key, seq, bytes };
  throw new TypeError('an unknown operation on state');
}

export function checkStateEntries(value: unknown): StateEntries {
  const valid =
    Array.isArray(value) &&
    value.every((entry) => Array.isArray(entry) && entry.length === 2 && typeof entry[0] === 'string');
  if (!valid) throw new TypeError('malformed state entries');
  return snapshot(value, 'state');
}

export function checkMetadata(report: unknown): { metadata: PluginMetadata; inputs: string[] } {
  const { metadata, inputs } = record(report);
  const { name, displayName, version, description, author, stateVersion, swap } = record(metadata);
  const texts = [name, displayName, version, description, author];
  const valid =
    texts.every((text) => typeof text === 'string' && text.length <= LIMITS.metadataLength) &&
    Number.isInteger(stateVersion) &&
    (swap === 'handover' || swap === 'overlap');
  if (!valid) throw new TypeError('malformed metadata');
  return { metadata: metadata as PluginMetadata, inputs: strings(inputs) };
}

export function checkSetupReport(report: unknown): SetupReport {
  return { inputs: strings(record(report).inputs) };
}

export function checkHostCall(message: unknown): HostCallMessage {
  const { on, call, method, args, signals } = record(message);
  const valid =
    typeof on === 'number' &&
    typeof call === 'number' &&
    typeof method === 'string' &&
    Array.isArray(args) &&
    Array.isArray(signals) &&
    signals.every(
      (place) => Array.isArray(place) && Number.isInteger(place[0]) && place[0] >= 0 && place[0] < 256,
    );
  if (!valid) throw new TypeError('a malformed call of the host');
  return message as HostCallMessage;
}

export function checkDone(note: unknown): DoneNote {
  const { calls, results, failed, events } = record(note);
  const valid =
    Array.isArray(calls) &&
    Array.isArray(results) &&
    calls.length === results.length &&
    Array.isArray(failed) &&
    failed.length <= calls.length &&
    failed.every((index) => isWireError(results[index])) &&
    Array.isArray(events);
  if (!valid) throw new TypeError('a malformed report of work that is done');
  return note as DoneNote;
}

export function checkFailed(note: unknown): FailedNote {
  const { invocation, error } = record(note);
  if (typeof invocation !== 'number' || !isWireError(error))
    throw new TypeError('a malformed report of a failure');
  return note as FailedNote;
}

/** The reason in the last words of a thread that an uncaught error ends. */
export function checkFatal(note: unknown): EndReason {
  const { error, origin } = record(note);
  const thrown = isWireError(error) ? decodeError(error) : undefined;
  const text = isError(thrown) ? `${thrown.name}: ${thrown.message}` : `value ${String(thrown)}`;
  const what = origin === 'unhandledRejection' ? 'unhandled rejection:' : 'uncaught';
  return { kind: 'uncaught-exception', text: `${what} ${text}`, error: thrown };
}

export function checkText(value: unknown): string {
  if (typeof value !== 'string') throw new TypeError('something else than text');
  return value;
}

export function checkPiece(note: unknown): SnapshotPiece {
  const { number, bytes } = record(note);
  if (typeof number !== 'number' || !(bytes instanceof Uint8Array) || bytes.length === 0)
    throw new TypeError('a malformed piece of a snapshot');
  return { number, bytes };
}

function strings(value: unknown): string[] {
  const valid =
    Array.isArray(value) && value.length <= 10_000 && value.every((text) => typeof text === 'string');
  if (!valid) throw new TypeError('a malformed list of names');
  return value;
}

export function checkVitalSigns(signs: unknown): VitalSigns {
  const { heapBytes, heapLimitBytes, externalBytes, heapIsLow } = record(signs);
  return {
    heapBytes: checkNumber(heapBytes),
    heapLimitBytes: checkNumber(heapLimitBytes),
    externalBytes: checkNumber(externalBytes),
    heapIsLow: heapIsLow === true,
  };
}

export function checkNumber(value: unknown): number {
  if (typeof value !== 'number') throw new TypeError('a figure that is not a number');
  return value;
}

export function record(value: unknown): Record<string, unknown> {
  if (!isRecord(value)) throw new TypeError('a malformed message');
  return value;
}
