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
  #done = nothingDone();
  #bytes = 0;
  #planned = false;

  constructor(wire: OutcomesWire) {
    this.#wire = wire;
  }

  /** A call has its outcome. */
  call(invocation: number, outcome: Outcome): void {
    const { calls, results, failed } = this.#done;
    const result = outcome.ok ? outcome.value : outcome.error;
    if (!outcome.ok) failed.push(calls.length);
    calls.push(invocation);
    results.push(result);
    this.#bytes += measure(result, LIMITS.batchBytes);
    if (this.#bytes > LIMITS.batchBytes) {
      this.flush();
      this.#wire.flush();
    } else this.#plan();
  }

  /** All handlers of an event have ended. */
  event(invocation: number): void {
    this.#done.events.push(invocation);
    this.#plan();
  }

  flush(): void {
    const done = this.#done;
    if (done.calls.length + done.events.length === 0) return;
    this.#done = nothingDone();
    this.#bytes = 0;
    this.#wire.done(done);
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

function nothingDone(): DoneNote {
  return { calls: [], results: [], failed: [], events: [] };
}
