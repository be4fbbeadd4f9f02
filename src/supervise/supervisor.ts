import { assertNever } from '../errors.ts';
import type { Slot } from '../isolate/slot.ts';
import type { Report } from '../status.ts';
import { type Crash, decideRestart } from './restart-policy.ts';

/** So many crashes are enough to tell how many there were in a row: the waits grow no more long before. */
const REMEMBERED = 64;

export interface SupervisorHost {
  readonly report: Report;
  /** Starts a plugin again that is in backoff or quarantine; takes the slot's lock and handles failures itself. */
  restart(slot: Slot): Promise<void>;
}

/** Decides, after each crash, when a plugin is started again, and does it. */
export class Supervisor {
  readonly #host: SupervisorHost;
  readonly #crashes = new Map<Slot, Crash[]>();
  readonly #timers = new Map<Slot, NodeJS.Timeout>();

  constructor(host: SupervisorHost) {
    this.#host = host;
  }

  /**
   * A plugin that ran, or was about to, has ended by itself. Moves the slot to `backoff`, `quarantined` or `stopped`.
   *
   * @param uptimeMs how long it had served
   */
  crashed(slot: Slot, clean: boolean, uptimeMs: number): void {
    const crashes = this.#record(slot, clean, uptimeMs);
    const decision = decideRestart(slot.options.restart, crashes, Math.random(), slot.zombies);
    this.cancel(slot);
    switch (decision.action) {
      case 'stop':
        slot.stopped();
        return;
      case 'restart':
        slot.lifecycle.moveTo('backoff');
        slot.refuseWork('unavailable');
        this.#host.report('restarting', {
          name: slot.name,
          delayMs: decision.delayMs,
          crashes: crashes.length,
        });
        this.#plan(slot, decision.delayMs);
        return;
      case 'quarantine':
        slot.lifecycle.moveTo('quarantined');
        slot.refuseWork('unavailable');
        this.#host.report('quarantined', {
          name: slot.name,
          crashes: crashes.length,
          zombies: slot.zombies,
          retryMs: decision.retryMs,
        });
        if (decision.retryMs > 0) this.#plan(slot, decision.retryMs);
        return;
      default:
        assertNever(decision);
    }
  }

  /** A planned restart is not wanted any more: stop, or a new version. */
  cancel(slot: Slot): void {
    clearTimeout(this.#timers.get(slot));
    this.#timers.delete(slot);
  }

  /** The plugin starts with a clean record: its file changed, or it was enabled. */
  forgive(slot: Slot): void {
    this.cancel(slot);
    this.forgetCrashes(slot);
  }

  /** Those until now count no more. */
  forgetCrashes(slot: Slot): void {
    this.#crashes.delete(slot);
  }

  #record(slot: Slot, clean: boolean, uptimeMs: number): Crash[] {
    const before = this.#crashes.get(slot) ?? [];
    const crash = { at: performance.now(), clean, uptimeMs };
    const crashes = [...before, crash].slice(-Math.max(REMEMBERED, slot.options.restart.maxCrashes));
    this.#crashes.set(slot, crashes);
    return crashes;
  }

  #plan(slot: Slot, delayMs: number): void {
    const timer = setTimeout(() => {
      this.#timers.delete(slot);
      void this.#host.restart(slot);
    }, delayMs);
    this.#timers.set(slot, timer);
  }
}
