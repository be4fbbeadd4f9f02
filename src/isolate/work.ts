import { assertNever, BulkheadError } from '../errors.ts';
import type { DeadLetterReason } from '../status.ts';
import type { CallTarget } from '../wire/messages.ts';
import type { SplitArguments } from '../wire/signals.ts';
import type { Deadline } from './deadlines.ts';
import type { Generation } from './generation.ts';

/** Something a generation does for somebody; the chain of `parent`s says on whose behalf. */
export interface Invocation {
  readonly parent: Invocation | undefined;
  /** The generation that works on it, once there is one. */
  generation: Generation | undefined;
  /** `setup` and `teardown` are the swap's own. */
  readonly kind: 'call' | 'event' | 'setup' | 'teardown' | 'configure';
  /** It has ended. What was opened on its behalf, such as a timer of the bot, may go on for ever. */
  isOver: boolean;
}

/** A call, a command or a tick on its way to a plugin. Settles exactly once. */
export class CallWork implements Invocation, Deadline {
  readonly kind = 'call';
  isOver = false;
  /** On the clock of `performance.now()`. */
  sentAt = 0;
  readonly plugin: string;
  readonly target: CallTarget;
  readonly split: SplitArguments;
  readonly timeoutMs: number;
  readonly parent: Invocation | undefined;
  generation: Generation | undefined;
  readonly #resolve: (value: unknown) => void;
  readonly #reject: (error: unknown) => void;
  #settled = false;
  #whenSettled: (() => void)[] = [];

  constructor(options: {
    plugin: string;
    target: CallTarget;
    split: SplitArguments;
    parent: Invocation | undefined;
    timeoutMs: number;
    resolve: (value: unknown) => void;
    reject: (error: unknown) => void;
  }) {
    this.plugin = options.plugin;
    this.target = options.target;
    this.split = options.split;
    this.parent = underWay(options.parent);
    this.timeoutMs = options.timeoutMs;
    this.#resolve = options.resolve;
    this.#reject = options.reject;
  }

  get settled(): boolean {
    return this.#settled;
  }

  onSettled(listener: () => void): void {
    this.#whenSettled.push(listener);
  }

  resolve(value: unknown): void {
    if (this.#settle()) this.#resolve(value);
  }

  reject(error: unknown): void {
    if (this.#settle()) this.#reject(error);
  }

  expire(): void {
    const where = this.generation === undefined ? ' (it was still in the queue)' : '';
    this.reject(
      new BulkheadError(
        'ERR_CALL_TIMEOUT',
        `Plugin '${this.plugin}' did not answer ${describeTarget(this.target)} within ${this.timeoutMs} ms${where}. ` +
          `Raise 'callTimeoutMs' if it needs longer.`,
        { plugin: this.plugin, ...(this.generation && { generation: this.generation.number }) },
      ),
    );
  }

  #settle(): boolean {
    if (this.#settled) return false;
    this.#settled = true;
    for (const listener of this.#whenSettled) listener();
    return true;
  }
}

/** An event on its way to one plugin: delivered, then handled, or a dead letter. */
export class EventWork implements Invocation {
  readonly kind = 'event';
  isOver = false;
  /** On the clock of `performance.now()`. */
  sentAt = 0;
  readonly topic: string;
  readonly payload: unknown;
  readonly source: string;
  readonly parent: undefined;
  generation: Generation | undefined;
  /** Whether the plugin wanted it at the time it was emitted: only then can it become a dead letter. */
  wanted = false;
  /** A generation crashed while it was in flight there. */
  readonly redelivered: boolean;
  #isDelivered = false;
  readonly #delivered: (reason?: DeadLetterReason) => void;

  constructor(
    topic: string,
    payload: unknown,
    source: string,
    delivered: (reason?: DeadLetterReason) => void,
    redelivered = false,
  ) {
    this.topic = topic;
    this.payload = payload;
    this.source = source;
    this.#delivered = delivered;
    this.redelivered = redelivered;
  }

  /** The same for the next generation; who emitted it waits no longer. */
  again(): EventWork {
    const event = new EventWork(this.topic, this.payload, this.source, () => {}, true);
    event.wanted = true;
    return event;
  }

  /** The plugin's runtime has it, or it will never get it; what becomes of it afterwards is no matter of delivery. */
  delivered(failure?: DeadLetterReason): void {
    if (this.#isDelivered) return;
    this.#isDelivered = true;
    this.#delivered(failure);
  }
}

export type Work = CallWork | EventWork;

function describeTarget(target: CallTarget): string {
  switch (target.kind) {
    case 'method':
      return `the call '${target.name}'`;
    case 'command':
      return `the command '${target.name}'`;
    case 'tick':
      return 'a timer';
    default:
      return assertNever(target);
  }
}

/** What is over waits for nothing: a chain that is kept going from timers must not grow. */
function underWay(from: Invocation | undefined): Invocation | undefined {
  let invocation = from;
  while (invocation?.isOver) invocation = invocation.parent;
  return invocation;
}

/** The first of a chain that matches and is not over. */
export function findInChain(
  from: Invocation | undefined,
  matches: (invocation: Invocation) => boolean,
): Invocation | undefined {
  let invocation = from;
  while (invocation !== undefined && (invocation.isOver || !matches(invocation)))
    invocation = invocation.parent;
  return invocation;
}

export function chainHas(
  from: Invocation | undefined,
  matches: (invocation: Invocation) => boolean,
): boolean {
  return findInChain(from, matches) !== undefined;
}
