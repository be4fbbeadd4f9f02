import { MAX_TIMER_MS } from '../units.ts';
import { isRecord } from '../wire/check.ts';
import { LIMITS } from '../wire/frames.ts';
import type { Registration } from '../wire/messages.ts';
import { checkPattern, topicMatches } from '../wire/topics.ts';

/** Most topics of which it is remembered whether somebody wants them. */
const MAX_REMEMBERED = 1_000;

/** What one generation registered. It is the host's: dropping it needs no help from the plugin. */
export class Registrations {
  readonly #all = new Map<number, Registration>();
  /** Answers of {@link wants} since the last change. */
  readonly #wanted = new Map<string, boolean>();

  /** Throws if the registration, which comes off the wire, is malformed. */
  add(note: unknown): Registration {
    const registration = checkRegistration(note);
    if (this.#all.has(registration.id)) throw new TypeError('a registration under a number that is in use');
    this.#all.set(registration.id, registration);
    this.#wanted.clear();
    return registration;
  }

  /** @returns the id of what was removed. */
  remove(note: unknown): number {
    if (!isRecord(note) || typeof note.id !== 'number')
      throw new TypeError('a malformed removal of a registration');
    this.#all.delete(note.id);
    this.#wanted.clear();
    return note.id;
  }

  [Symbol.iterator](): IterableIterator<Registration> {
    return this.#all.values();
  }

  *of<K extends Registration['kind']>(kind: K): Generator<Extract<Registration, { kind: K }>> {
    for (const registration of this.#all.values()) {
      if (registration.kind === kind) yield registration as Extract<Registration, { kind: K }>;
    }
  }

  wants(topic: string): boolean {
    const known = this.#wanted.get(topic);
    if (known !== undefined) return known;
    const wanted = [...this.of('subscription')].some(({ pattern }) => topicMatches(pattern, topic));
    // Topics can be made up without end.
    if (this.#wanted.size >= MAX_REMEMBERED) this.#wanted.clear();
    this.#wanted.set(topic, wanted);
    return wanted;
  }

  /** Whether it is wanted once more if a generation crashed while it was in flight. */
  wantsAgain(topic: string): boolean {
    const subscriptions = [...this.of('subscription')];
    return subscriptions.some(({ pattern, redeliver }) => redeliver && topicMatches(pattern, topic));
  }
}

function checkRegistration(note: unknown): Registration {
  if (!isRecord(note) || typeof note.id !== 'number') throw new TypeError('a malformed registration');
  const registration = note as unknown as Registration;
  switch (registration.kind) {
    case 'subscription':
      checkPattern(registration.pattern);
      if (typeof registration.redeliver !== 'boolean') throw new TypeError('a malformed subscription');
      return registration;
    case 'command': {
      const texts = [registration.name, registration.usage, registration.description];
      const { aliases } = registration;
      const valid = Array.isArray(aliases) && [...texts, ...aliases].every(isText);
      if (!valid) throw new TypeError('a malformed command');
      return registration;
    }
    case 'schedule':
      if (!isMs(registration.everyMs, 1)) throw new TypeError('a malformed schedule');
      return registration;
    case 'timeout':
      if (!isMs(registration.afterMs, 0)) throw new TypeError('a malformed time-out');
      return registration;
    default:
      throw new TypeError('an unknown kind of registration');
  }
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value.length <= LIMITS.commandTextLength;
}

function isMs(value: unknown, min: number): boolean {
  return typeof value === 'number' && value >= min && value <= MAX_TIMER_MS;
}
