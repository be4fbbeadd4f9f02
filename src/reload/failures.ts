import { asError, codeOf } from '../errors.ts';
import type { Slot } from '../isolate/slot.ts';
import { isGone } from '../source/files.ts';
import type { Report, Stage } from '../status.ts';
import type { Supervisor } from '../supervise/supervisor.ts';
import { TransactionError } from './transaction-error.ts';

export interface FailuresHost {
  readonly supervisor: Supervisor;
  readonly report: Report;
  /** Whether a file that is gone is noticed. */
  isWatching(): boolean;
}

/** Reports what went wrong with a load or reload, and leaves the slot in the state that follows from it. */
export class Failures {
  readonly #host: FailuresHost;

  constructor(host: FailuresHost) {
    this.#host = host;
  }

  /**
   * A plugin did not come to run. If its setup failed, or it is to run again after a crash, it is tried again; else it waits
   * for a change.
   *
   * @param wasDown nobody had expected it to run
   */
  ofLoad(slot: Slot, cause: unknown, wasDown: boolean): Error {
    const { stage, error } = failureOf(cause);
    slot.fail(error);
    if (this.#wasStopped(slot)) return error;
    this.#report(slot, stage, error, undefined);
    const waits = wasDown || slot.accepted === undefined || codeOf(error) === 'ERR_MAX_PLUGINS';
    if (slot.lifecycle.state === 'preparing' && waits) {
      slot.lifecycle.moveTo('failed');
      slot.refuseWork('unavailable');
    } else this.#crashed(slot);
    return error;
  }

  /** A new version did not come to serve. Mostly the old one does; if not even that could be brought back, it crashed. */
  ofReload(slot: Slot, cause: unknown): Error {
    const { stage, error } = failureOf(cause);
    const stillServes = slot.lifecycle.state === 'running';
    // Whoever stops it goes on with that.
    if (stillServes && slot.stopsWanted > 0) return error;
    slot.fail(error);
    if (this.#wasStopped(slot)) return error;
    const generation = stillServes ? slot.current?.number : undefined;
    this.#report(slot, stage, error, generation);
    if (!stillServes && slot.lifecycle.can('backoff')) this.#crashed(slot);
    return error;
  }

  /** Nobody broke a file that is gone: what becomes of the plugin, the next look says. */
  #report(slot: Slot, stage: Stage, error: Error, generation: number | undefined): void {
    if (stage === 'build' && this.#host.isWatching() && isGone(slot.entry)) return;
    this.#host.report('reload-failed', { name: slot.name, stage, error, generation });
  }

  #wasStopped(slot: Slot): boolean {
    if (slot.stopsWanted === 0) return false;
    slot.stopped();
    return true;
  }

  #crashed(slot: Slot): void {
    slot.crashes++;
    this.#host.supervisor.crashed(slot, slot.earlyExitCode === 0, 0);
  }
}

function failureOf(cause: unknown): { stage: Stage; error: Error } {
  if (cause instanceof TransactionError) return { stage: cause.stage, error: cause.error };
  return { stage: 'load', error: asError(cause) };
}
