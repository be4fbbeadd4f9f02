import type { LogLine } from '../status.ts';
import { Allowance, type AllowedNotes } from '../wire/allowance.ts';
import { Budget } from '../wire/budget.ts';
import type { BudgetLimits, EmitNote, LogNote } from '../wire/messages.ts';
import { LENIENCE } from './lenience.ts';
import { Output } from './output.ts';

/** How many lines of the log are kept, for the report of a crash. */
const LAST_LINES = 50;

/** What a generation says without being asked, as the host takes it: log lines, output and events, within its budgets. */
export class Intake {
  readonly #notes: AllowedNotes;
  readonly #allowance: Allowance;
  readonly #lastLines: LogLine[] = [];
  readonly #stdout: Output;
  readonly #stderr: Output;

  constructor(budgets: BudgetLimits, notes: AllowedNotes) {
    this.#notes = notes;
    this.#allowance = new Allowance({ ...notes, log: (note) => this.#log(note) });
    this.#allowance.limit({
      ...budgets,
      logBytesPerSecond: LENIENCE * budgets.logBytesPerSecond,
      emitsPerSecond: LENIENCE * budgets.emitsPerSecond,
      emitBytesPerSecond: LENIENCE * budgets.emitBytesPerSecond,
    });
    const budget = new Budget(budgets.logBytesPerSecond);
    this.#stdout = this.#createOutput('stdout', 'info', budget);
    this.#stderr = this.#createOutput('stderr', 'error', budget);
  }

  /** What was logged last, the oldest line first. */
  get lastLines(): LogLine[] {
    return [...this.#lastLines];
  }

  log(note: LogNote): void {
    this.#allowance.log(note);
  }

  emit(note: EmitNote): void {
    this.#allowance.emit(note);
  }

  /** What came by a standard stream, without the runtime. */
  output(stream: 'stdout' | 'stderr', chunk: Buffer): void {
    (stream === 'stdout' ? this.#stdout : this.#stderr).write(chunk);
  }

  /** Nothing more comes. */
  end(): void {
    this.#stdout.flush();
    this.#stderr.flush();
    this.#allowance.flush();
  }

  #createOutput(source: 'stdout' | 'stderr', level: LogNote['level'], budget: Budget): Output {
    return new Output({
      budget,
      line: (text) => this.#log({ level, fields: { source }, text }),
      dropped: (count) => this.#allowance.drop('log', count),
    });
  }

  #log(note: LogNote): void {
    this.#lastLines.push({ at: new Date().toISOString(), level: note.level, text: note.text });
    if (this.#lastLines.length > LAST_LINES) this.#lastLines.shift();
    this.#notes.log(note);
  }
}
