import { LIMITS, type Outcome } from '../wire/frames.ts';
import { measure } from '../wire/measure.ts';
import type { DoneNote } from '../wire/messages.ts';

/** Reports what is done to the host, once a tick. */
export class Outcomes {
  readonly #send: (note: DoneNote) => void;
  #calls: DoneNote['calls'] = [];
  #events: number[] = [];
  #planned = false;

  constructor(send: (note: DoneNote) => void) {
    this.#send = send;
  }

  /** A call has its outcome. */
  call(invocation: number, outcome: Outcome): void {
    this.#calls.push([invocation, outcome]);
    if (measure(outcome, LIMITS.sharedBytes) > LIMITS.sharedBytes) this.flush();
    else this.#plan();
  }

  /** All handlers of an event have ended. */
  event(invocation: number): void {
    this.#events.push(invocation);
    this.#plan();
  }

  flush(): void {
    if (this.#calls.length === 0 && this.#events.length === 0) return;
    const note = { calls: this.#calls, events: this.#events };
    this.#calls = [];
    this.#events = [];
    this.#send(note);
  }

  #plan(): void {
    if (this.#planned) return;
    this.#planned = true;
    process.nextTick(() => {
      this.#planned = false;
      this.flush();
    });
  }
}
