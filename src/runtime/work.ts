import { assertNever } from '../errors.ts';
import type { Outcome } from '../wire/frames.ts';
import type { CallsMessage, CallTarget, EventsMessage, FailedNote, WorkMessage } from '../wire/messages.ts';
import { joinSignals, type SignalPlace } from '../wire/signals.ts';
import { snapshot } from '../wire/snapshot.ts';
import { encodeError } from '../wire/wire-error.ts';
import { PluginFunctions } from './functions.ts';
import type { Handlers, PluginEvent } from './handlers.ts';
import type { Invocations } from './invocations.ts';
import type { Outcomes } from './outcomes.ts';
import { isThenable } from './thenable.ts';

export interface WorkParts {
  invocations: Invocations;
  handlers: Handlers;
  outcomes: Outcomes;
  /** A handler of an event threw. */
  failed: (note: FailedNote) => void;
}

/** What the plugin is to do: calls of its functions and commands, ticks of its timers, and events. */
export class Work {
  functions = new PluginFunctions(undefined, () => {});
  readonly #parts: WorkParts;

  constructor(parts: WorkParts) {
    this.#parts = parts;
  }

  /** Starts everything in the order it was sent; nothing here waits. */
  deliver(batch: WorkMessage[]): void {
    for (const work of batch) {
      if (work.kind === 'calls') this.#startCalls(work);
      else this.#startEvents(work);
    }
  }

  #startCalls({ target, invocations, args, signals }: CallsMessage): void {
    const places = new Map(signals);
    for (const [index, invocation] of invocations.entries())
      this.#call(invocation, target, args[index]!, places.get(invocation) ?? []);
  }

  #startEvents({ topic, source, redelivered, invocations, payloads }: EventsMessage): void {
    for (const [index, invocation] of invocations.entries())
      this.#event(invocation, { topic, source, redelivered, payload: payloads[index] });
  }

  /** An answer that is there at once goes back without a promise in between. */
  #call(invocation: number, target: CallTarget, args: unknown[], signals: SignalPlace[]): void {
    const { invocations } = this.#parts;
    invocations.begin(invocation, joinSignals(args, signals));
    const succeed = (value: unknown) =>
      this.#done(invocation, () => ({ ok: true, value: snapshot(value, 'the result') }));
    const fail = (error: unknown) => this.#done(invocation, () => ({ ok: false, error: encodeError(error) }));
    try {
      const result = invocations.run(invocation, () => this.#do(target, args));
      if (isThenable(result)) Promise.resolve(result).then(succeed, fail);
      else succeed(result);
    } catch (error) {
      fail(error);
    }
  }

  #do(target: CallTarget, args: unknown[]): unknown {
    const { handlers } = this.#parts;
    switch (target.kind) {
      case 'method':
        return this.functions.call(target.name, args);
      case 'command':
        return handlers.commandHandler(target.name)(args[0] as string[], args[1] as never);
      case 'tick':
        return withoutResult(handlers.task(target.schedule)?.());
      default:
        return assertNever(target);
    }
  }

  #event(invocation: number, event: PluginEvent): void {
    const { invocations, handlers, outcomes } = this.#parts;
    const failed = (error: unknown) => this.#parts.failed({ invocation, error: encodeError(error) });
    const running = invocations.run(invocation, () => handlers.dispatch(event, failed));
    const done = () => outcomes.event(invocation);
    if (running === undefined) done();
    else void running.then(done);
  }

  #done(invocation: number, outcome: () => Outcome): void {
    this.#parts.invocations.end(invocation);
    this.#parts.outcomes.call(invocation, attempt(outcome));
  }
}

/** What a timer's task returns is nobody's business, and need not be something that can be sent. */
function withoutResult(result: unknown): unknown {
  return isThenable(result) ? result.then(() => undefined) : undefined;
}

/** A result that cannot be sent is an error. */
function attempt(outcome: () => Outcome): Outcome {
  try {
    return outcome();
  } catch (error) {
    return { ok: false, error: encodeError(error) };
  }
}
