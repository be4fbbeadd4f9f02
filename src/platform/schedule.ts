import type { Slot } from '../isolate/slot.ts';

/** The timers of the plugins, in the host: they rest during a pause and end with the generation that asked for them. */
export class Schedules {
  readonly #timers = new Map<Slot, Map<number, NodeJS.Timeout>>();

  /** Brings a plugin's timers in line with what its serving generation has registered. */
  sync(slot: Slot): void {
    const registrations = slot.current?.registrations;
    if (registrations === undefined) return;
    let timers = this.#timers.get(slot);
    if (timers === undefined) {
      timers = new Map();
      this.#timers.set(slot, timers);
    }
    for (const [id, timer] of timers) {
      if (registrations.has(id)) continue;
      clearTimeout(timer);
      timers.delete(id);
    }
    for (const { id, everyMs } of registrations.of('schedule')) {
      if (!timers.has(id)) timers.set(id, setInterval(ticker(slot, id), everyMs));
    }
    for (const { id, afterMs } of registrations.of('timeout')) {
      if (!timers.has(id))
        timers.set(
          id,
          setTimeout(() => void tick(slot, id), afterMs),
        );
    }
    if (timers.size === 0) this.#timers.delete(slot);
  }

  /** Ends all timers of a plugin. */
  rest(slot: Slot): void {
    for (const timer of this.#timers.get(slot)?.values() ?? []) clearTimeout(timer);
    this.#timers.delete(slot);
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
