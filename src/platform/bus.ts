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
  emit(topic: string, payload: unknown, source: string): Promise<EmitResult> {
    const result: EmitResult = { topic, delivered: [], failed: [] };
    return new Promise((resolve) => {
      let awaited = 1;
      const settle = () => {
        if (--awaited === 0) resolve(result);
      };
      try {
        checkTopic(topic);
        const copy = snapshot(payload, `payload of '${topic}'`);
        for (const slot of this.#slots()) {
          awaited++;
          const offered = slot.offer(topic, copy, source, (failure) => {
            if (failure === undefined) result.delivered.push(slot.name);
            else if (failure !== 'unwanted') result.failed.push({ name: slot.name, reason: failure });
            settle();
          });
          if (!offered) awaited--;
        }
      } catch (error) {
        result.error = error as Error;
      }
      settle();
    });
  }

  /** An event of a plugin. What is wrong with it stands in the log of the plugin. */
  async emitFrom(slot: Slot, topic: string, payload: unknown): Promise<void> {
    const text = HOST_TOPICS.test(topic)
      ? `Plugin '${slot.name}' tried to emit '${topic}'; topics under 'chat' and 'bot' come from the host only`
      : (await this.emit(topic, payload, slot.name)).error?.message;
    if (text !== undefined) slot.log({ level: 'error', fields: { topic }, text });
  }
}
