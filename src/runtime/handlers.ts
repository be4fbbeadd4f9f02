import { BulkheadError } from '../errors.ts';
import type { EventMessage, Registration } from '../wire/messages.ts';
import { topicMatches } from '../wire/topics.ts';
import type { CommandHandler, EventHandler } from './api.ts';

interface Subscription {
  pattern: string;
  handler: EventHandler;
  /** For `serial`: the end of the event before. */
  tail: Promise<void> | undefined;
}

export interface HandlerNotes {
  register(registration: Registration): void;
  unregister(id: number): void;
}

/** What the plugin registered: the functions are here, the rest of it is the host's. */
export class Handlers {
  readonly #notes: HandlerNotes;
  readonly #subscriptions = new Map<number, Subscription>();
  readonly #commands = new Map<string, CommandHandler>();
  readonly #schedules = new Map<number, () => unknown>();
  #lastId = 0;

  constructor(notes: HandlerNotes) {
    this.#notes = notes;
  }

  subscribe(pattern: string, handler: EventHandler, serial: boolean): () => void {
    const id = ++this.#lastId;
    this.#subscriptions.set(id, { pattern, handler, tail: serial ? Promise.resolve() : undefined });
    this.#notes.register({ kind: 'subscription', id, pattern });
    return this.#remover(id, () => this.#subscriptions.delete(id));
  }

  command(
    command: { name: string; usage: string; description: string; aliases: string[] },
    handler: CommandHandler,
  ): () => void {
    if (this.#commands.has(command.name)) {
      throw new BulkheadError(
        'ERR_COMMAND_TAKEN',
        `ctx.command('${command.name}') was called twice in this plugin`,
      );
    }
    const id = ++this.#lastId;
    this.#commands.set(command.name, handler);
    this.#notes.register({ kind: 'command', id, ...command });
    return this.#remover(id, () => this.#commands.delete(command.name));
  }

  schedule(
    registration: { kind: 'schedule'; everyMs: number } | { kind: 'timeout'; afterMs: number },
    task: () => unknown,
  ) {
    const id = ++this.#lastId;
    this.#schedules.set(id, task);
    this.#notes.register({ ...registration, id });
    return this.#remover(id, () => this.#schedules.delete(id));
  }

  commandHandler(name: string): CommandHandler | undefined {
    return this.#commands.get(name);
  }

  task(id: number): (() => unknown) | undefined {
    return this.#schedules.get(id);
  }

  /** Starts every handler of the event, in the order they subscribed, and waits for all. Resolves with what they threw. */
  async dispatch(event: EventMessage): Promise<unknown[]> {
    const errors: unknown[] = [];
    const running: Promise<void>[] = [];
    for (const subscription of this.#subscriptions.values()) {
      if (topicMatches(subscription.pattern, event.topic)) running.push(start(subscription, event, errors));
    }
    await Promise.all(running);
    return errors;
  }

  #remover(id: number, remove: () => boolean): () => void {
    return () => {
      if (remove()) this.#notes.unregister(id);
    };
  }
}

function start(subscription: Subscription, event: EventMessage, errors: unknown[]): Promise<void> {
  const handle = async () => {
    try {
      await subscription.handler(event.payload, { topic: event.topic, source: event.source });
    } catch (error) {
      errors.push(error);
    }
  };
  if (subscription.tail === undefined) return handle();
  subscription.tail = subscription.tail.then(handle);
  return subscription.tail;
}
