import { LIMITS } from '../wire/frames.ts';
import { measure } from '../wire/measure.ts';
import type { BudgetLimits, DroppedNote, EmitNote, LogNote } from '../wire/messages.ts';
import { Budget } from './budget.ts';

const UNLIMITED = new Budget(Number.MAX_SAFE_INTEGER);
/** How often it is told what was dropped, ms. */
const TELL_MS = 1_000;

export interface OutgoingNotes {
  log(note: LogNote): void;
  emit(note: EmitNote): void;
  dropped(note: DroppedNote): void;
}

/**
 * Log lines and events on their way to the host, within the plugin's budgets. They are kept here, at the sender: a host
 * that throws away what it reads has had the memory for it all the same.
 */
export class Outgoing {
  readonly #notes: OutgoingNotes;
  #log = UNLIMITED;
  #emits = UNLIMITED;
  #emitBytes = UNLIMITED;
  readonly #dropped = new Map<DroppedNote['what'], number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(notes: OutgoingNotes) {
    this.#notes = notes;
  }

  /** From now on these budgets count. */
  limit(limits: BudgetLimits): void {
    this.#log = new Budget(limits.logBytesPerSecond);
    this.#emits = new Budget(limits.emitsPerSecond);
    this.#emitBytes = new Budget(limits.emitBytesPerSecond);
  }

  log(note: LogNote): void {
    if (this.#log.take(measure(note, LIMITS.valueBytes))) this.#notes.log(note);
    else this.#drop('log');
  }

  emit(note: EmitNote): void {
    const isWithin = this.#emits.take(1) && this.#emitBytes.take(measure(note, LIMITS.valueBytes));
    if (isWithin) this.#notes.emit(note);
    else this.#drop('emit');
  }

  /** Tells what was dropped and not told yet. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const [what, count] of this.#dropped) this.#notes.dropped({ what, count });
    this.#dropped.clear();
  }

  #drop(what: DroppedNote['what']): void {
    this.#dropped.set(what, (this.#dropped.get(what) ?? 0) + 1);
    this.#timer ??= setTimeout(() => this.flush(), TELL_MS).unref();
  }
}
