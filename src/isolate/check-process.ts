/** Checks of what the relay of a process says: the plugin beside it may have written to its pipe. */
import { checkOutcome, isWireError } from '../wire/check.ts';
import type { Outcome } from '../wire/frames.ts';
import type { VitalsNote } from '../wire/process-messages.ts';
import { decodeError } from '../wire/wire-error.ts';
import { checkNumber, checkVitalSigns, record } from './check-notes.ts';
import type { EndKind, EndReason, Whereabouts } from './isolate.ts';

/** Ends that a thread reports of itself. */
const KINDS = new Set<string>(['uncaught-exception', 'exit', 'heap-limit'] satisfies EndKind[]);
const MAX_TEXT = 10_000;

export function checkVitals(note: unknown): VitalsNote {
  const { pulse, usage } = record(note);
  return { pulse: checkNumber(pulse), usage: usage === undefined ? undefined : checkUsage(usage) };
}

function checkUsage(usage: unknown): VitalsNote['usage'] {
  return { ...checkVitalSigns(usage), loopUtilization: checkNumber(record(usage).loopUtilization) };
}

export function checkEnded(note: unknown): EndReason {
  const { kind, text, exitCode, error } = record(note);
  if (typeof kind !== 'string' || !KINDS.has(kind) || typeof text !== 'string')
    throw new TypeError('a malformed report of an end');
  const reason: EndReason = { kind: kind as EndKind, text: text.slice(0, MAX_TEXT) };
  if (typeof exitCode === 'number') reason.exitCode = exitCode;
  if (isWireError(error)) reason.error = decodeError(error);
  return reason;
}

export function checkWhereabouts(answer: unknown): Whereabouts {
  const { kind, stack, why } = record(answer);
  if (kind === 'outside') return { kind };
  if (kind === 'stack' && typeof stack === 'string') return { kind, stack };
  if (kind === 'unknown' && typeof why === 'string') return { kind, why };
  throw new TypeError('a malformed answer to where it is');
}

export function checkJobOutcome(value: unknown): Outcome {
  const problem = checkOutcome(value);
  if (problem !== undefined) throw new TypeError(problem);
  return value as Outcome;
}
