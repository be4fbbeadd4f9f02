import { type Frame, LIMITS, type WireError } from './frames.ts';
import { measure } from './measure.ts';

/**
 * Looks at what arrived before anything else touches it, comlink least of all. Values off the wire are plain data without
 * getters or proxies, so reading them is safe.
 *
 * @returns the reason why the batch is not acceptable, or `undefined`.
 */
export function checkBatch(
  batch: unknown,
  methods: ReadonlySet<string>,
  notes: ReadonlySet<string>,
): string | undefined {
  if (!Array.isArray(batch)) return 'a message that is not a list of frames';
  if (batch.length > LIMITS.framesPerBatch) return `${batch.length} frames in one message`;
  for (let index = 0; index < batch.length; index++) {
    const problem = checkFrame(batch[index], methods, notes);
    if (problem !== undefined) return `frame ${index}: ${problem}`;
  }
  return undefined;
}

function checkFrame(
  frame: unknown,
  methods: ReadonlySet<string>,
  notes: ReadonlySet<string>,
): string | undefined {
  if (!isRecord(frame)) return 'not an object';
  const { type } = frame as Partial<Frame>;
  switch (type) {
    case 'APPLY':
      return checkRequest(frame, methods);
    case 'RAW':
      return checkResponse(frame);
    case 'NOTE':
      if (typeof frame.name !== 'string' || !notes.has(frame.name)) return 'a note of an unknown name';
      return checkSize(frame.value, `note '${frame.name}'`);
    default:
      return 'an unknown frame type';
  }
}

function checkRequest(frame: Record<string, unknown>, methods: ReadonlySet<string>): string | undefined {
  if (!isId(frame.id)) return 'a request without a usable id';
  const path = frame.path;
  if (!Array.isArray(path) || path.length !== 1) return 'a request whose path is not one name';
  if (typeof path[0] !== 'string' || !methods.has(path[0]))
    return 'a request for a function that is not offered';
  const list = frame.argumentList;
  if (!Array.isArray(list) || list.length !== 1) return `a request '${path[0]}' without exactly one argument`;
  const argument: unknown = list[0];
  if (!isRecord(argument) || argument.type !== 'RAW') return `a request '${path[0]}' with a handled argument`;
  return checkSize(argument.value, `request '${path[0]}'`);
}

function checkResponse(frame: Record<string, unknown>): string | undefined {
  if (!isId(frame.id)) return 'a response without a usable id';
  return checkOutcome(frame.value) ?? checkSize(frame.value, 'a response');
}

/** Whether a value off the wire is how something ended. Its size is that of the frame it stands in. */
export function checkOutcome(outcome: unknown): string | undefined {
  if (!isRecord(outcome)) return 'a response without an outcome';
  if (outcome.ok === true) return undefined;
  if (outcome.ok !== false) return 'a response that is neither result nor error';
  return isWireError(outcome.error)
    ? checkSize(outcome.error, 'an error')
    : 'a response with a malformed error';
}

/** Whether a value off the wire can be given to `decodeError`. */
export function isWireError(
  error: unknown,
  budget = { left: LIMITS.errorsInError as number },
): error is WireError {
  if (!isRecord(error) || --budget.left < 0) return false;
  if (error.kind === 'value') return true;
  const { name, message, stack, code, cause, errors, fields } = error;
  return (
    error.kind === 'error' &&
    typeof name === 'string' &&
    typeof message === 'string' &&
    (stack === undefined || typeof stack === 'string') &&
    (code === undefined || typeof code === 'string' || typeof code === 'number') &&
    (fields === undefined || isRecord(fields)) &&
    (cause === undefined || isWireError(cause, budget)) &&
    (errors === undefined || (Array.isArray(errors) && errors.every((each) => isWireError(each, budget))))
  );
}

function checkSize(value: unknown, what: string): string | undefined {
  return measure(value, LIMITS.frameBytes) > LIMITS.frameBytes
    ? `${what} is larger than ${LIMITS.frameBytes} bytes`
    : undefined;
}

function isId(id: unknown): id is string {
  return typeof id === 'string' && id.length > 0 && id.length <= LIMITS.nameLength;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
