import { assertNever, BulkheadError } from '../errors.ts';
import type { DeadLetterReason } from '../status.ts';
import type { Generation } from './generation.ts';
import { CallWork, chainHas, EventWork, type Invocation, type Work } from './work.ts';

export interface InboxHost {
  /** An event that nobody will handle. */
  deadLetter(event: EventWork, reason: DeadLetterReason): void;
}

/**
 * - `open`: what comes goes to the generation at once, as long as not too much is under way there.
 * - `paused`: it waits, in order and bounded; only what a swap itself waits for passes to the generation that is drained.
 * - `closed`: it is refused.
 */
type Mode =
  | { kind: 'open'; generation: Generation }
  | { kind: 'paused'; drained: Generation | undefined }
  | { kind: 'closed'; refusal: () => Error; reason: DeadLetterReason };

const UNDER_WAY = 'are under way in';
const WAITS = 'wait for';

/** Where calls and events for a plugin arrive, whichever generation serves. */
export class Inbox {
  readonly #plugin: () => string;
  readonly #limit: number;
  readonly #host: InboxHost;
  #mode: Mode = { kind: 'paused', drained: undefined };
  #pausedAt = performance.now();
  #lastPauseMs = 0;
  #queue: Work[] = [];
  /** Events that were in flight when a generation crashed, for the next one. */
  #kept: EventWork[] = [];

  constructor(plugin: () => string, limit: number, host: InboxHost) {
    this.#plugin = plugin;
    this.#limit = limit;
    this.#host = host;
  }

  get isPaused(): boolean {
    return this.#mode.kind === 'paused';
  }

  /** How much waits. */
  get size(): number {
    return this.#queue.length + this.#kept.length;
  }

  /**
   * Before the arguments of a call are copied.
   *
   * @param parent on whose behalf it is made: that may let it pass where others wait
   * @throws what it would be refused with whatever they are
   */
  checkRoom(parent: Invocation | undefined): void {
    const mode = this.#mode;
    if (mode.kind === 'closed') throw mode.refusal();
    if (mode.kind === 'open' && mode.generation.workload.size >= this.#limit)
      throw this.#queueFull(UNDER_WAY);
    if (mode.kind === 'paused' && parent === undefined && !this.#makeRoom()) throw this.#queueFull(WAITS);
  }

  /** How long it was paused before it was opened last. */
  get lastPauseMs(): number {
    return this.#lastPauseMs;
  }

  push(work: Work): void {
    const mode = this.#mode;
    switch (mode.kind) {
      case 'open':
        this.#dispatch(work, mode.generation);
        return;
      case 'paused':
        this.#wait(work, mode.drained);
        return;
      case 'closed':
        this.#refuse(work, mode.refusal, mode.reason);
        return;
      default:
        assertNever(mode);
    }
  }

  /** From now on everything waits; `drained` still gets the calls that its own end waits for. */
  pause(drained: Generation | undefined): void {
    if (!this.isPaused) this.#pausedAt = performance.now();
    this.#mode = { kind: 'paused', drained };
  }

  /** Hands everything that waited to this generation, in order, and what comes from now on. */
  open(generation: Generation): void {
    this.#mode = { kind: 'open', generation };
    this.#lastPauseMs = performance.now() - this.#pausedAt;
    const queue = [...this.#kept, ...this.#queue];
    this.#kept = [];
    this.#queue = [];
    for (const work of queue) this.#dispatch(work, generation);
  }

  /** Takes an event for the next generation, ahead of what waits and whether or not this is open for others. */
  keep(event: EventWork): void {
    if (this.#mode.kind === 'open' && this.#mode.generation.isAlive)
      this.#dispatch(event, this.#mode.generation);
    else this.#kept.push(event);
  }

  /** No generation follows: what was kept is lost by the crash that it was in flight at. */
  giveUp(): void {
    const kept = this.#kept;
    this.#kept = [];
    for (const event of kept) this.#drop(event, 'crashed');
  }

  /** Refuses everything that waits or comes, except what is kept. */
  close(refusal: () => Error, reason: DeadLetterReason): void {
    this.#mode = { kind: 'closed', refusal, reason };
    const queue = this.#queue;
    this.#queue = [];
    for (const work of queue) this.#refuse(work, refusal, reason);
  }

  #dispatch(work: Work, generation: Generation): void {
    if (work instanceof CallWork ? work.settled : this.#isUnwanted(work, generation)) return;
    if (generation.workload.size < this.#limit) generation.dispatch(work);
    else this.#refuse(work, () => this.#queueFull(UNDER_WAY), 'queue-full');
  }

  #isUnwanted(event: EventWork, { registrations }: Generation): boolean {
    const { topic, redelivered } = event;
    if (redelivered ? registrations.wantsAgain(topic) : registrations.wants(topic)) return false;
    // What was in flight at a crash may have been handled in part.
    this.#drop(event, redelivered ? 'crashed' : 'unwanted');
    return true;
  }

  #wait(work: Work, drained: Generation | undefined): void {
    if (work instanceof CallWork) {
      if (drained !== undefined && takesStill(drained, work)) {
        drained.dispatch(work);
        return;
      }
      if (chainHas(work.parent, (link) => link.kind === 'setup' && link.generation?.plugin === work.plugin)) {
        work.reject(
          new BulkheadError(
            'ERR_CALL_CYCLE',
            `Plugin '${this.#plugin()}' was called on behalf of its own setup(), which has to end first`,
            { plugin: this.#plugin() },
          ),
        );
        return;
      }
    }
    if (this.#makeRoom()) this.#queue.push(work);
    else this.#refuse(work, () => this.#queueFull(WAITS), 'queue-full');
  }

  /** If not, lets go of calls that nobody waits for any more, then of the oldest event that was not known to be wanted. */
  #makeRoom(): boolean {
    if (this.#queue.length < this.#limit) return true;
    this.#queue = this.#queue.filter((work) => work instanceof EventWork || !work.settled);
    if (this.#queue.length < this.#limit) return true;
    const oldest = this.#queue.findIndex((work) => work instanceof EventWork && !work.wanted);
    if (oldest < 0) return false;
    this.#queue.splice(oldest, 1);
    return true;
  }

  /** What a stuck plugin is sent would pile up in the host, or in the pipe to its process. */
  #queueFull(where: string): BulkheadError {
    const text = `${this.#limit} calls and events ${where} plugin '${this.#plugin()}' already; raise 'queueLimit' or send less`;
    return new BulkheadError('ERR_QUEUE_FULL', text, { plugin: this.#plugin() });
  }

  #refuse(work: Work, refusal: () => Error, reason: DeadLetterReason): void {
    if (work instanceof CallWork) work.reject(refusal());
    else this.#drop(work, reason);
  }

  #drop(event: EventWork, reason: DeadLetterReason): void {
    event.delivered(reason);
    if (event.wanted) this.#host.deadLetter(event, reason);
  }
}

/** Whether a generation that is drained or torn down still gets a call, because a swap waits for it. */
function takesStill(drained: Generation, { parent }: CallWork): boolean {
  if (!drained.isAlive || drained.isFenced) return false;
  // After its drain it may have let go of what it needs: what can wait for the next generation does.
  return chainHas(
    parent,
    drained.steps.isTearingDown ? isPartOfSwap : (link) => isPartOfSwap(link) || isDrained(link),
  );
}

/** What a swap waits for must not wait for a swap: not for this one, nor for that of another plugin. */
function isPartOfSwap({ kind }: Invocation): boolean {
  return kind === 'setup' || kind === 'teardown';
}

function isDrained({ generation }: Invocation): boolean {
  return generation?.workload.isDraining === true;
}
