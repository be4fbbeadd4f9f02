import { Budget } from './budget.ts';
import { LIMITS } from './frames.ts';
import { measure } from './measure.ts';
import type { BudgetLimits, DroppedNote, EmitNote, LogNote } from './messages.ts';

const UNLIMITED = new Budget(Number.MAX_SAFE_INTEGER);
/** How often it is told what was dropped, ms. */
const TELL_MS = 1_000;

export interface AllowedNotes {
  log(note: LogNote): void;
  emit(note: EmitNote): void;
  dropped(note: DroppedNote): void;
}

/**
 * Log lines and events of a plugin, as many as its budgets allow. They are kept at the sender: a host that throws away
 * what it reads has had the memory for it all the same. The host counts once more, for a plugin that goes around that.
 */
export class Allowance {
  readonly #notes: AllowedNotes;
  #log = UNLIMITED;
  #emits = UNLIMITED;
  #emitBytes = UNLIMITED;
  readonly #dropped = new Map<DroppedNote['what'], number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(notes: AllowedNotes) {
    this.#notes = notes;
  }

  /** From now on these budgets count. */
  limit(limits: BudgetLimits): void {
    this.#log = new Budget(limits.logBytesPerSecond);
    this.#emits = new Budget(limits.emitsPerSecond);
    this.#emitBytes = new Budget(limits.emitBytesPerSecond);
  }

  /** Lines are over the budget just now: they need not be made. */
  get isLogSpent(): boolean {
    return this.#log.isSpent;
  }

  /** Events are over the budget just now: their payloads need not be copied. */
  get areEmitsSpent(): boolean {
    return this.#emits.isSpent || this.#emitBytes.isSpent;
  }

  log(note: LogNote): void {
    if (this.#log.take(measure(note, LIMITS.valueBytes))) this.#notes.log(note);
    else this.drop('log');
  }

  emit(note: EmitNote): void {
    const isWithin = this.#emits.take(1) && this.#emitBytes.take(measure(note, LIMITS.valueBytes));
    if (isWithin) this.#notes.emit(note);
    else this.drop('emit');
  }

  /** Tells what was dropped and not told yet. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const [what, count] of this.#dropped) this.#notes.dropped({ what, count });
    this.#dropped.clear();
  }

  /** Counts what does not pass. */
  drop(what: DroppedNote['what'], count = 1): void {
    this.#dropped.set(what, (this.#dropped.get(what) ?? 0) + count);
    this.#timer ??= setTimeout(() => this.flush(), TELL_MS).unref();
  }
}
