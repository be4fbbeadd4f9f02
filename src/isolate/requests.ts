import { asError } from '../errors.ts';
import { getOrMake } from '../get-or-make.ts';
import type { ResolvedPluginOptions } from '../options.ts';
import type { DeadLetterReason, LogLevel } from '../status.ts';
import type { DroppedNote, Registration, StateChange } from '../wire/messages.ts';
import type { Generation } from './generation.ts';
import type { GenerationHost } from './generation-host.ts';
import type { IsolateEnd } from './isolate.ts';
import { LENIENCE } from './lenience.ts';
import { onBehalfOf } from './on-behalf-of.ts';
import type { Slot, SlotHost } from './slot.ts';
import type { EventWork, Invocation } from './work.ts';

/** What the generations of one plugin ask for and tell, each with what it may at that time. */
export class Requests implements GenerationHost {
  readonly #slot: Slot;
  readonly #host: SlotHost;
  /** What is emitted in a setup leaves when it has succeeded. */
  readonly #earlyEmits = new Map<Generation, [topic: string, payload: unknown][]>();

  constructor(slot: Slot, host: SlotHost) {
    this.#slot = slot;
    this.#host = host;
  }

  get name(): string {
    return this.#slot.name;
  }

  get budgets(): ResolvedPluginOptions['budgets'] {
    return this.#slot.options.budgets;
  }

  get heapMb(): number {
    return this.#slot.options.limits.heapMb;
  }

  bot(method: string, args: unknown[], on: Invocation | undefined): unknown {
    return on === undefined
      ? this.#host.bot(method, args)
      : onBehalfOf.run(on, () => this.#host.bot(method, args));
  }

  offload(
    generation: Generation,
    url: string,
    input: unknown,
    signal: AbortSignal | undefined,
  ): Promise<unknown> {
    return this.#host.offload(this.#slot, generation, url, input, signal);
  }

  log(note: { level: LogLevel; fields: Record<string, unknown>; text: string }): void {
    this.#slot.log(note);
  }

  dropped({ number }: Generation, note: DroppedNote): void {
    this.#host.report('dropped', { name: this.name, generation: number, ...note });
  }

  emit(generation: Generation, topic: string, payload: unknown): void {
    if (generation !== this.#slot.next) this.#host.emit(this.#slot, topic, payload);
    else getOrMake(this.#earlyEmits, generation, () => []).push([topic, payload]);
  }

  /** Its setup has succeeded. */
  release(generation: Generation): void {
    const emits = this.#earlyEmits.get(generation) ?? [];
    this.#earlyEmits.delete(generation);
    for (const [topic, payload] of emits) this.#host.emit(this.#slot, topic, payload);
  }

  writeState(generation: Generation, change: StateChange): void {
    this.#slot.stateWritten(generation, change);
    this.#slot.state.apply(change, LENIENCE * this.#slot.stateBytes);
  }

  registered(generation: Generation, registration: Registration): void {
    if (generation === this.#slot.current) this.#host.registered(this.#slot, registration);
  }

  unregistered(generation: Generation, id: number): void {
    if (generation === this.#slot.current) this.#host.unregistered(this.#slot, id);
  }

  unhandled({ registrations }: Generation, event: EventWork, reason: DeadLetterReason): void {
    if (reason === 'crashed' && !event.redelivered && registrations.wantsAgain(event.topic)) {
      event.delivered();
      this.#slot.inbox.keep(event.again());
      return;
    }
    event.delivered(reason);
    this.deadLetter(event, reason);
  }

  /** Nobody handles it any more. */
  deadLetter({ topic, payload, source }: EventWork, reason: DeadLetterReason): void {
    this.#host.report('dead-letter', { name: this.name, topic, payload, source, reason });
  }

  handlerFailed(event: EventWork, error: unknown): void {
    this.log({
      level: 'error',
      fields: { err: error, topic: event.topic },
      text: `A handler of '${event.topic}' threw: ${asError(error).message}`,
    });
  }

  ended(generation: Generation, end: IsolateEnd): void {
    this.#earlyEmits.delete(generation);
    if (generation === this.#slot.current) this.#slot.wait?.hurry?.();
    this.#host.ended(this.#slot, generation, end);
  }
}
