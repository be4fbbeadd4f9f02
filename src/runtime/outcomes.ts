import { LIMITS, type Outcome } from '../wire/frames.ts';
import { measure } from '../wire/measure.ts';
import type { DoneNote } from '../wire/messages.ts';

export interface OutcomesWire {
  done(note: DoneNote): void;
  /** Sends what was reported now, instead of at the end of the tick. */
  flush(): void;
}

/** Reports what is done to the host, once a tick. */
export class Outcomes {
  readonly #wire: OutcomesWire;
  #calls: DoneNote['calls'] = [];
  #events: number[] = [];
  #bytes = 0;
  #planned = false;

  constructor(wire: OutcomesWire) {
    this.#wire = wire;
  }

  /** A call has its outcome. */
  call(invocation: number, outcome: Outcome): void {
    this.#calls.push([invocation, outcome]);
    this.#bytes += measure(outcome, LIMITS.batchBytes);
    if (this.#bytes > LIMITS.batchBytes) {
      this.flush();
      this.#wire.flush();
    } else this.#plan();
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
    this.#bytes = 0;
    this.#wire.done(note);
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
