import type { Generation } from '../isolate/generation.ts';
import type { Slot } from '../isolate/slot.ts';
import type { Registration } from '../wire/messages.ts';

interface Running {
  generation: Generation;
  timers: Map<number, NodeJS.Timeout>;
}

/** The timers of the plugins, in the host: they rest during a pause and end with the generation that asked for them. */
export class Schedules {
  readonly #running = new Map<Slot, Running>();

  /** Starts the timers that the serving generation has registered. */
  start(slot: Slot): void {
    const { current } = slot;
    if (current === undefined) return;
    this.rest(slot);
    this.#running.set(slot, { generation: current, timers: new Map() });
    for (const registration of current.registrations) this.add(slot, registration);
  }

  /** Something was registered by the generation that serves. While its timers rest, this has no effect. */
  add(slot: Slot, registration: Registration): void {
    const running = this.#running.get(slot);
    if (running === undefined || running.generation !== slot.current) return;
    const { id } = registration;
    if (registration.kind === 'schedule')
      running.timers.set(id, setInterval(ticker(slot, id), registration.everyMs));
    if (registration.kind === 'timeout')
      running.timers.set(
        id,
        setTimeout(() => void tick(slot, id), registration.afterMs),
      );
  }

  remove(slot: Slot, id: number): void {
    const timers = this.#running.get(slot)?.timers;
    clearTimeout(timers?.get(id));
    timers?.delete(id);
  }

  /** Ends all timers of a plugin. */
  rest(slot: Slot): void {
    for (const timer of this.#running.get(slot)?.timers.values() ?? []) clearTimeout(timer);
    this.#running.delete(slot);
  }
}

/** Fires unless the task of the time before still runs. */
function ticker(slot: Slot, id: number): () => void {
  let running = false;
  return async () => {
    if (running) return;
    running = true;
    await tick(slot, id);
    running = false;
  };
}

async function tick(slot: Slot, id: number): Promise<void> {
  const generation = slot.current;
  try {
    await slot.call({ kind: 'tick', schedule: id }, []);
  } catch (error) {
    if (generation === undefined || !generation.isAlive) return;
    const text = `A timer's task threw: ${error instanceof Error ? error.message : String(error)}`;
    slot.log(generation, { level: 'error', fields: { err: error }, text });
  }
}
