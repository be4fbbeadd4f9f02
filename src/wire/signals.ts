import { snapshot } from './snapshot.ts';

/** Where in a list of arguments an `AbortSignal` stood: an argument itself, or one property of an argument. */
export type SignalPlace = [index: number, key?: string];

export interface SplitArguments {
  args: unknown[];
  places: SignalPlace[];
  signals: AbortSignal[];
}

/**
 * Arguments as data, with the signals taken out: a signal itself cannot cross, its abort can.
 *
 * @throws {BulkheadError} `ERR_NOT_CLONEABLE` (`argument 2: .user.socket …`), `ERR_VALUE_TOO_LARGE`.
 */
export function splitSignals(args: readonly unknown[]): SplitArguments {
  const split: SplitArguments = { args: [], places: [], signals: [] };
  for (const [index, argument] of args.entries()) {
    split.args.push(snapshot(withoutSignals(argument, index, split), `argument ${index + 1}`));
  }
  return split;
}

function withoutSignals(argument: unknown, index: number, split: SplitArguments): unknown {
  try {
    return takeSignals(argument, index, split);
  } catch {
    // A getter threw: where, `snapshot` finds out.
    return argument;
  }
}

function takeSignals(argument: unknown, index: number, split: SplitArguments): unknown {
  if (typeof argument !== 'object' || argument === null) return argument;
  if (argument instanceof AbortSignal) {
    split.places.push([index]);
    split.signals.push(argument);
    return undefined;
  }
  const prototype = Object.getPrototypeOf(argument);
  if (prototype !== Object.prototype && prototype !== null) return argument;
  let copy: Record<string, unknown> | undefined;
  for (const [key, value] of Object.entries(argument)) {
    if (!(value instanceof AbortSignal)) continue;
    split.places.push([index, key]);
    split.signals.push(value);
    copy ??= { ...argument };
    delete copy[key];
  }
  return copy ?? argument;
}

/** The inverse of {@link splitSignals}: puts signals of this side where they stood, and returns their controllers. */
export function joinSignals(args: unknown[], places: readonly SignalPlace[]): AbortController[] {
  return places.map(([index, key]) => {
    const controller = new AbortController();
    if (key === undefined) args[index] = controller.signal;
    else {
      const argument = args[index];
      if (typeof argument === 'object' && argument !== null)
        Object.assign(argument, { [key]: controller.signal });
    }
    return controller;
  });
}

/**
 * Calls `onAbort` when one of the signals aborts, at once for those that have.
 *
 * @returns a function that stops listening.
 */
export function watchSignals(
  signals: readonly AbortSignal[],
  onAbort: (which: number, reason: unknown) => void,
): () => void {
  if (signals.length === 0) return () => {};
  const listeners = signals.map((signal, which) => {
    const listener = () => onAbort(which, signal.reason);
    if (signal.aborted) queueMicrotask(listener);
    else signal.addEventListener('abort', listener, { once: true });
    return listener;
  });
  return () => {
    for (const [which, listener] of listeners.entries())
      signals[which]!.removeEventListener('abort', listener);
  };
}
