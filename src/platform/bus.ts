import { BulkheadError } from '../errors.ts';
import type { Slot } from '../isolate/slot.ts';
import { snapshot } from '../wire/snapshot.ts';
import { checkTopic } from '../wire/topics.ts';

/** What became of an event. */
export interface EmitResult {
  topic: string;
  /** Names of the plugins that got it. */
  delivered: string[];
  /** Plugins that wanted it and did not get it, and why; `error` if the event itself was refused. */
  failed: { name: string; reason: string }[];
  error?: Error;
}

/** Topics that speak for the bot itself: no plugin may emit them. */
const HOST_TOPICS = /^(chat|bot)(\.|$)/;

/** Hands events to every plugin that wants them. */
export class Bus {
  readonly #slots: () => Iterable<Slot>;

  constructor(slots: () => Iterable<Slot>) {
    this.#slots = slots;
  }

  /** Resolves when the event is delivered everywhere, not when it is handled. Never rejects. */
  async emit(topic: string, payload: unknown, source: string): Promise<EmitResult> {
    const result: EmitResult = { topic, delivered: [], failed: [] };
    try {
      checkTopic(topic);
      const copy = snapshot(payload, `payload of '${topic}'`);
      await Promise.all(this.#offers(topic, copy, source, result));
    } catch (error) {
      result.error = error as Error;
    }
    return result;
  }

  /** An event of a plugin. */
  async emitFrom(plugin: string, topic: string, payload: unknown): Promise<EmitResult> {
    if (!HOST_TOPICS.test(topic)) return this.emit(topic, payload, plugin);
    const text = `Plugin '${plugin}' tried to emit '${topic}'; topics under 'chat' and 'bot' come from the host only`;
    return {
      topic,
      delivered: [],
      failed: [],
      error: new BulkheadError('ERR_INVALID_TOPIC', text, { plugin }),
    };
  }

  *#offers(topic: string, payload: unknown, source: string, result: EmitResult): Generator<Promise<void>> {
    for (const slot of this.#slots()) {
      const offered = slot.offer(topic, payload, source);
      if (offered === undefined) continue;
      yield offered.then((reason) => {
        if (reason === undefined) result.delivered.push(slot.name);
        else if (reason !== 'unwanted') result.failed.push({ name: slot.name, reason });
      });
    }
  }
}
