import type { DeadLetterReason } from '../status.ts';
import type { WireError } from '../wire/frames.ts';
import { decodeError } from '../wire/wire-error.ts';
import * as check from './check-notes.ts';
import { Delivery, type DeliveryWire } from './delivery.ts';
import { InFlight } from './in-flight.ts';
import { Timings } from './timings.ts';
import { CallWork, EventWork, type Invocation, type Work } from './work.ts';

/** What becomes of events, for which nobody waits. */
export interface WorkloadHost {
  /** One was in flight here, and is no more. */
  unhandled(event: EventWork, reason: DeadLetterReason): void;
  handlerFailed(event: EventWork, error: unknown): void;
}

/** All that a generation is asked to do, from being sent to its outcome. */
export class Workload {
  /** How long calls and events took, from being sent to their outcome. */
  readonly timings = new Timings();
  readonly #host: WorkloadHost;
  readonly #delivery: Delivery;
  readonly #inFlight = new InFlight();
  #isDraining = false;

  constructor(wire: DeliveryWire, host: WorkloadHost) {
    this.#delivery = new Delivery(wire);
    this.#host = host;
  }

  /** How much is under way: calls, steps, and events whose handlers have not ended. */
  get size(): number {
    return this.#inFlight.size;
  }

  get isDraining(): boolean {
    return this.#isDraining;
  }

  /** What is under way by that number. */
  get(number: number): Invocation | undefined {
    return this.#inFlight.get(number);
  }

  /** Calls it once, when something is under way. */
  onceBusy(begin: () => void): void {
    this.#inFlight.onceBusy(begin);
  }

  dispatch(work: Work): void {
    this.#delivery.send(work, this.#inFlight.add(work));
  }

  /** Resolves when everything sent so far has arrived and been started, or when the generation ends. */
  received(): Promise<void> {
    return this.#delivery.flush();
  }

  /** Something that is under way as calls are, though it is asked for in another way. */
  async during<T>(invocation: Invocation, step: (number: number) => Promise<T>): Promise<T> {
    const number = this.#inFlight.add(invocation);
    try {
      return await step(number);
    } finally {
      this.#inFlight.remove(number);
    }
  }

  /** Nobody waits any more for what is of this kind. */
  giveUp(kind: Invocation['kind']): void {
    this.#inFlight.removeKind(kind);
  }

  /** Resolves when nothing is under way any more, not counting what `except` is done on behalf of. */
  drain(except: ReadonlySet<Invocation>): Promise<void> {
    this.#isDraining = true;
    return this.#inFlight.idle(except);
  }

  /** What a drain does not wait for has grown. */
  wake(): void {
    this.#inFlight.wake();
  }

  /** Settles whatever is still under way: calls reject with `error`, events are unhandled. */
  cut(error: () => unknown, reason: DeadLetterReason): void {
    for (const invocation of this.#inFlight.removeAll()) {
      if (invocation instanceof CallWork) invocation.reject(error());
      else if (invocation instanceof EventWork) this.#host.unhandled(invocation, reason);
    }
  }

  /** @param note unchecked; throws if it is malformed */
  done(note: unknown): void {
    const { calls, results, failed, events } = check.checkDone(note);
    const now = performance.now();
    for (const invocation of events) {
      const event = this.#remove(invocation, now);
      // It may end before it has answered that the event arrived.
      if (event instanceof EventWork) event.delivered();
    }
    const errors = new Set(failed);
    for (const [index, invocation] of calls.entries()) {
      const call = this.#remove(invocation, now);
      if (!(call instanceof CallWork)) continue;
      if (errors.has(index)) call.reject(decodeError(results[index] as WireError));
      else call.resolve(results[index]);
    }
  }

  /** @param note unchecked; throws if it is malformed */
  failed(note: unknown): void {
    const { invocation, error } = check.checkFailed(note);
    const work = this.#inFlight.get(invocation);
    if (work instanceof EventWork) this.#host.handlerFailed(work, decodeError(error));
  }

  /** It was done, well or not. */
  #remove(number: number, now: number): Invocation | undefined {
    const work = this.#inFlight.remove(number);
    if (work instanceof CallWork || work instanceof EventWork) this.timings.record(now - work.sentAt);
    return work;
  }
}
