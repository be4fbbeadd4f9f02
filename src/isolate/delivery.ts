import { LIMITS, type Outcome } from '../wire/frames.ts';
import { measure } from '../wire/measure.ts';
import type { AbortNote, CallTarget, EventsMessage, WorkMessage } from '../wire/messages.ts';
import { watchSignals } from '../wire/signals.ts';
import { encodeError } from '../wire/wire-error.ts';
import { CallWork, type EventWork, type Work } from './work.ts';

export interface DeliveryWire {
  /** Resolves when the batch has arrived and was started. */
  deliver(batch: WorkMessage[]): Promise<Outcome>;
  /** The same, without an answer. */
  post(batch: WorkMessage[]): void;
  abort(note: AbortNote): void;
  /** Sends what was posted now, instead of at the end of the tick. */
  flush(): void;
}

/** Sends calls and events to a generation: in order, and all of one tick in one message. */
export class Delivery {
  readonly #wire: DeliveryWire;
  #batch: WorkMessage[] = [];
  #events: EventWork[] = [];
  #bytes = 0;
  #planned = false;
  /** When the first of this tick came. */
  #tickAt = 0;

  constructor(wire: DeliveryWire) {
    this.#wire = wire;
  }

  send(work: Work, invocation: number): void {
    if (!this.#planned) this.#plan();
    work.sentAt = this.#tickAt;
    if (work instanceof CallWork) this.#addCall(work, invocation);
    else this.#addEvent(work, invocation);
    if (this.#bytes > LIMITS.batchBytes) {
      this.#send();
      this.#wire.flush();
    }
  }

  /** Sends what has gathered. Resolves when everything sent so far has arrived and was started, or never will. */
  async flush(): Promise<void> {
    const [batch, events] = this.#take();
    const outcome = await this.#wire.deliver(batch);
    if (outcome.ok) for (const event of events) event.delivered();
  }

  #addCall(work: CallWork, invocation: number): void {
    const { target } = work;
    const { args, places, signals } = work.split;
    let message = this.#batch.at(-1);
    if (message?.kind !== 'calls' || !isSameTarget(message.target, target)) {
      message = { kind: 'calls', target, invocations: [], args: [], signals: [] };
      this.#add(message);
    }
    message.invocations.push(invocation);
    message.args.push(args);
    this.#bytes += measure(args, LIMITS.batchBytes);
    if (signals.length === 0) return;
    message.signals.push([invocation, places]);
    this.#passAborts(work, invocation);
  }

  #addEvent(work: EventWork, invocation: number): void {
    const { topic, source, payload, redelivered } = work;
    let message = this.#batch.at(-1);
    if (message?.kind !== 'events' || !isSameEvent(message, work)) {
      message = { kind: 'events', topic, source, redelivered, invocations: [], payloads: [] };
      this.#add(message);
    }
    message.invocations.push(invocation);
    message.payloads.push(payload);
    this.#bytes += measure(payload, LIMITS.batchBytes);
    this.#events.push(work);
  }

  #plan(): void {
    this.#planned = true;
    this.#tickAt = performance.now();
    process.nextTick(() => {
      this.#planned = false;
      this.#send();
    });
  }

  #add(message: WorkMessage): void {
    this.#batch.push(message);
    this.#bytes += measure(message, LIMITS.batchBytes);
  }

  /** Sends what has gathered. Only of events somebody wants to know that they have arrived: calls have their outcome. */
  #send(): void {
    if (this.#batch.length === 0) return;
    if (this.#events.length > 0) void this.flush();
    else this.#wire.post(this.#take()[0]);
  }

  #take(): [batch: WorkMessage[], events: EventWork[]] {
    const taken: [WorkMessage[], EventWork[]] = [this.#batch, this.#events];
    this.#batch = [];
    this.#events = [];
    this.#bytes = 0;
    return taken;
  }

  #passAborts(work: CallWork, invocation: number): void {
    const unwatch = watchSignals(work.split.signals, (which, reason) => {
      // The call itself may not have left yet.
      this.#send();
      this.#wire.abort({ call: invocation, which, reason: encodeError(reason) });
    });
    work.onSettled(unwatch);
  }
}

function isSameTarget(a: CallTarget, b: CallTarget): boolean {
  return a.kind === 'tick' || b.kind === 'tick' ? a === b : a.kind === b.kind && a.name === b.name;
}

function isSameEvent(message: EventsMessage, event: EventWork): boolean {
  const { topic, source, redelivered } = message;
  return topic === event.topic && source === event.source && redelivered === event.redelivered;
}
