import { BulkheadError } from '../errors.ts';
import type { Registration } from '../wire/messages.ts';
import { topicMatches } from '../wire/topics.ts';
import type { CommandHandler, EventHandler, SubscribeOptions } from './api.ts';
import { isThenable } from './thenable.ts';

interface Subscription {
  pattern: string;
  handler: EventHandler;
  redeliver: boolean;
  /** For `serial`: the end of the event before. */
  tail: Promise<void> | undefined;
}

export interface PluginEvent {
  topic: string;
  source: string;
  redelivered: boolean;
  payload: unknown;
}

export interface HandlerNotes {
  register(registration: Registration): void;
  unregister(id: number): void;
}

/** What the plugin registered: the functions are here, the rest of it is the host's. */
export class Handlers {
  readonly #notes: HandlerNotes;
  readonly #subscriptions = new Map<number, Subscription>();
  /** By their names and aliases, in lower case, as users may type them in any. */
  readonly #commands = new Map<string, CommandHandler>();
  readonly #schedules = new Map<number, () => unknown>();
  #lastId = 0;

  constructor(notes: HandlerNotes) {
    this.#notes = notes;
  }

  subscribe(
    pattern: string,
    handler: EventHandler,
    { serial = false, redeliver = false }: SubscribeOptions,
  ): () => void {
    const id = ++this.#lastId;
    const tail = serial ? Promise.resolve() : undefined;
    this.#subscriptions.set(id, { pattern, handler, redeliver, tail });
    this.#notes.register({ kind: 'subscription', id, pattern, redeliver });
    return this.#remover(id, () => this.#subscriptions.delete(id));
  }

  command(
    command: { name: string; usage: string; description: string; aliases: string[] },
    handler: CommandHandler,
  ): () => void {
    const names = new Set([command.name, ...command.aliases].map((name) => name.toLowerCase()));
    for (const name of names) {
      if (!this.#commands.has(name)) continue;
      throw new BulkheadError('ERR_COMMAND_TAKEN', `This plugin has a command or an alias '${name}' already`);
    }
    for (const name of names) this.#commands.set(name, handler);
    const id = ++this.#lastId;
    this.#notes.register({ kind: 'command', id, ...command });
    return this.#remover(id, () => {
      for (const name of names) this.#commands.delete(name);
    });
  }

  schedule(
    registration: { kind: 'schedule'; everyMs: number } | { kind: 'timeout'; afterMs: number },
    task: () => unknown,
  ) {
    const id = ++this.#lastId;
    const remove = this.#remover(id, () => this.#schedules.delete(id));
    const once = () => {
      remove();
      return task();
    };
    this.#schedules.set(id, registration.kind === 'timeout' ? once : task);
    this.#notes.register({ ...registration, id });
    return remove;
  }

  /** By a name or an alias. Throws `ERR_NO_SUCH_METHOD`: the generation that was asked for it may have been another. */
  commandHandler(name: string): CommandHandler {
    const handler = this.#commands.get(name.toLowerCase());
    if (handler !== undefined) return handler;
    throw new BulkheadError('ERR_NO_SUCH_METHOD', `The plugin no longer has a command '${name}'`);
  }

  task(id: number): (() => unknown) | undefined {
    return this.#schedules.get(id);
  }

  /**
   * Starts every handler of the event, in the order they subscribed.
   *
   * @returns a promise of the end of all, or `undefined` if they have ended already. What they throw goes to `failed`.
   */
  dispatch(event: PluginEvent, failed: (error: unknown) => void): Promise<unknown> | undefined {
    let running: Promise<void>[] | undefined;
    const last = this.#lastId;
    for (const [id, subscription] of this.#subscriptions) {
      // What a handler subscribes gets the events that come after.
      if (id > last) break;
      if (event.redelivered && !subscription.redeliver) continue;
      if (!topicMatches(subscription.pattern, event.topic)) continue;
      const end = start(subscription, event, failed);
      if (end === undefined) continue;
      running ??= [];
      running.push(end);
    }
    return running === undefined ? undefined : Promise.all(running);
  }

  #remover(id: number, remove: () => void): () => void {
    let removed = false;
    return () => {
      if (removed) return;
      removed = true;
      remove();
      this.#notes.unregister(id);
    };
  }
}

function start(
  subscription: Subscription,
  { payload, ...info }: PluginEvent,
  failed: (error: unknown) => void,
): Promise<void> | undefined {
  const handle = () => attempt(() => subscription.handler(payload, info), failed);
  if (subscription.tail === undefined) return handle();
  subscription.tail = subscription.tail.then(handle);
  return subscription.tail;
}

/** Does something; a promise of its end only if it has not ended by then. */
function attempt(work: () => unknown, failed: (error: unknown) => void): Promise<void> | undefined {
  try {
    const result = work();
    if (isThenable(result)) return Promise.resolve(result).then(() => {}, failed);
  } catch (error) {
    failed(error);
  }
  return undefined;
}
