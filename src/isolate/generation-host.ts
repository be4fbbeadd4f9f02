import type { DeadLetterReason, LogLevel } from '../status.ts';
import type { BudgetLimits, DroppedNote, Registration, StateChange } from '../wire/messages.ts';
import type { Generation } from './generation.ts';
import type { IsolateEnd } from './isolate.ts';
import type { EventWork, Invocation } from './work.ts';

/** What a generation needs from the host. Every function must bear anything: its arguments come from the plugin. */
export interface GenerationHost {
  /** Name of the plugin. */
  readonly name: string;
  readonly budgets: BudgetLimits;
  /** Its heap limit, MiB. */
  readonly heapMb: number;
  /** A call of `ctx.bot`. */
  bot(method: string, args: unknown[], on: Invocation | undefined): unknown;
  offload(
    generation: Generation,
    url: string,
    input: unknown,
    signal: AbortSignal | undefined,
  ): Promise<unknown>;
  log(note: { level: LogLevel; fields: Record<string, unknown>; text: string }): void;
  dropped(generation: Generation, note: DroppedNote): void;
  emit(generation: Generation, topic: string, payload: unknown): void;
  writeState(generation: Generation, change: StateChange): void;
  registered(generation: Generation, registration: Registration): void;
  unregistered(generation: Generation, id: number): void;
  /** An event was in flight here, and is no more. */
  unhandled(generation: Generation, event: EventWork, reason: DeadLetterReason): void;
  handlerFailed(event: EventWork, error: unknown): void;
  ended(generation: Generation, end: IsolateEnd): void;
}
