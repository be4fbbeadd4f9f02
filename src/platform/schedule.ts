import { asError, codeOf } from '../errors.ts';
import type { Generation } from '../isolate/generation.ts';
import type { Slot } from '../isolate/slot.ts';
import type { Registration } from '../wire/messages.ts';
import { Turnstile } from './turnstile.ts';

interface Running {
  generation: Generation;
  timers: Map<number, NodeJS.Timeout>;
  turnstile: Turnstile;
  /** That tasks were refused because too much is under way was said. */
  saidFull: boolean;
}

/** The timers of the plugins, in the host: they rest during a pause and end with the generation that asked for them. */
export class Schedules {
  readonly #running = new Map<Slot, Running>();

  /** Starts the timers that the serving generation has registered. */
  start(slot: Slot): void {
    const { current } = slot;
    if (current === undefined) return;
    this.rest(slot);
    const turnstile = new Turnstile((perSecond) => {
      const text = `Its timers are due more than ${perSecond} times a second: some run late`;
      slot.log({ level: 'warn', fields: {}, text });
    });
    this.#running.set(slot, { generation: current, timers: new Map(), turnstile, saidFull: false });
    for (const registration of current.registrations) this.add(slot, registration);
  }

  /** Something was registered by the generation that serves. While its timers rest, this has no effect. */
  add(slot: Slot, registration: Registration): void {
    const running = this.#running.get(slot);
    if (running === undefined || running.generation !== slot.current) return;
    if (registration.kind === 'schedule') repeat(slot, running, registration.id, registration.everyMs);
    if (registration.kind === 'timeout') {
      const { id, afterMs } = registration;
      arm(running, id, afterMs, () => void tick(slot, running, id));
    }
  }

  remove(slot: Slot, id: number): void {
    const running = this.#running.get(slot);
    clearTimeout(running?.timers.get(id));
    running?.timers.delete(id);
  }

  /** Ends all timers of a plugin. */
  rest(slot: Slot): void {
    const running = this.#running.get(slot);
    for (const timer of running?.timers.values() ?? []) clearTimeout(timer);
    running?.timers.clear();
    running?.turnstile.close();
    this.#running.delete(slot);
  }
}

/** Runs the task at every multiple of the interval, but for those at which the time before has not ended. */
function repeat(slot: Slot, running: Running, id: number, everyMs: number): void {
  const since = performance.now();
  let times = 0;
  const plan = () => {
    const passed = performance.now() - since;
    // Node's timers can be a little early, which is not to make two runs of one.
    times = Math.max(times, Math.floor(passed / everyMs)) + 1;
    arm(running, id, times * everyMs - passed, async () => {
      await tick(slot, running, id);
      if (running.timers.has(id)) plan();
    });
  };
  plan();
}

function arm(running: Running, id: number, inMs: number, run: () => void): void {
  const due = () => running.turnstile.pass(() => running.timers.has(id) && run());
  running.timers.set(id, setTimeout(due, inMs));
}

async function tick(slot: Slot, running: Running, id: number): Promise<void> {
  try {
    await slot.call({ kind: 'tick', schedule: id }, []);
  } catch (error) {
    const { generation } = running;
    if (!generation.isAlive) return;
    if (codeOf(error) === 'ERR_QUEUE_FULL') {
      if (running.saidFull) return;
      running.saidFull = true;
    }
    const text = `A timer's task threw: ${asError(error).message}`;
    slot.log({ level: 'error', fields: { err: error }, text });
  }
}
