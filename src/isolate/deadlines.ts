import { getOrMake } from '../get-or-make.ts';
import { lateTimeout } from '../late-timeout.ts';

/** Something that is cut when its time has come. */
export interface Deadline {
  expire(): void;
}

interface Queue {
  /** In the order of their times, since all waits in one queue are equally long. */
  waiting: Map<Deadline, number>;
  /** Ends the timer, if there is one. */
  cancel: (() => void) | undefined;
}

/**
 * Time-outs without a timer per call: one queue and at most one timer for each length of time that is in use.
 */
export class Deadlines {
  readonly #queues = new Map<number, Queue>();

  add(deadline: Deadline, afterMs: number): void {
    if (afterMs === Number.POSITIVE_INFINITY) return;
    const queue = getOrMake(this.#queues, afterMs, createQueue);
    queue.waiting.set(deadline, performance.now() + afterMs);
    if (queue.cancel === undefined) this.#arm(queue, afterMs);
  }

  delete(deadline: Deadline, afterMs: number): void {
    this.#queues.get(afterMs)?.waiting.delete(deadline);
  }

  /** Forgets everything; nothing expires any more. */
  clear(): void {
    for (const queue of this.#queues.values()) queue.cancel?.();
    this.#queues.clear();
  }

  #arm(queue: Queue, inMs: number): void {
    queue.cancel = lateTimeout(() => this.#expireDue(queue), inMs, false);
  }

  #expireDue(queue: Queue): void {
    queue.cancel = undefined;
    const now = performance.now();
    for (const [deadline, at] of queue.waiting) {
      if (at > now) {
        this.#arm(queue, Math.max(1, at - now));
        return;
      }
      queue.waiting.delete(deadline);
      deadline.expire();
    }
  }
}

function createQueue(): Queue {
  return { waiting: new Map(), cancel: undefined };
}
