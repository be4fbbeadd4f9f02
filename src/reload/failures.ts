import { asError, codeOf, PluginCrashedError } from '../errors.ts';
import type { Generation } from '../isolate/generation.ts';
import type { IsolateEnd } from '../isolate/isolate.ts';
import type { Slot } from '../isolate/slot.ts';
import type { PluginState } from '../lifecycle.ts';
import { isGone } from '../source/files.ts';
import type { CrashReport, Report, Stage } from '../status.ts';
import { crashReport } from '../supervise/crash-report.ts';
import type { Supervisor } from '../supervise/supervisor.ts';
import { TransactionError } from './transaction-error.ts';

/** It does not run, and will not for a while. */
const RESTING = new Set<PluginState>(['failed', 'quarantined', 'stopped']);

export interface FailuresHost {
  readonly supervisor: Supervisor;
  readonly report: Report;
  /** Whether a file that is gone is noticed. */
  isWatching(): boolean;
  /** Keeps the report where it outlives the bot, if that is wanted. */
  crashed(slot: Slot, report: CrashReport): void;
  /** It has ended: what it had of names and commands may be free. */
  freed(slot: Slot): void;
}

/** Reports what went wrong with a plugin, and leaves the slot in the state that follows from it. */
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

  /** A generation ended. If it was the one that serves, and nothing else deals with that, it is restarted. */
  ended(slot: Slot, generation: Generation, end: IsolateEnd): void {
    const { kind } = end;
    if (kind === 'requested' || kind === 'start-failed' || generation.wasReplaced) return;
    if (generation.endedAsStandby) return;
    const { number, uptimeMs = 0 } = generation;
    const error = new PluginCrashedError(slot.name, number, kind, end.text, end.error);
    const report = crashReport(generation, kind, error, uptimeMs, end.stack);
    this.#host.crashed(slot, report);
    if (generation.servesSince === undefined) {
      // Whoever loads it, or sets it up, sees to it.
      slot.earlyExitCode = end.exitCode;
      return;
    }
    slot.crashes++;
    slot.fail(error);
    this.#host.report('crashed', {
      name: slot.name,
      generation: number,
      reason: kind,
      error,
      uptimeMs,
      report,
    });
    // The old generation of an overlap had only to finish its work; in any other state the operation under way sees to it.
    if (generation !== slot.current || slot.lifecycle.state !== 'running') return;
    this.#host.supervisor.crashed(slot, end.exitCode === 0, uptimeMs);
    if (leavesRoom(slot, error)) this.#host.freed(slot);
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

/** Where a plugin that failed does not run, and is not about to, another may. */
export function leavesRoom(slot: Slot, error: Error): boolean {
  // Those that there is no room for would try each other again for ever.
  return RESTING.has(slot.lifecycle.state) && codeOf(error) !== 'ERR_MAX_PLUGINS';
}

function failureOf(cause: unknown): { stage: Stage; error: Error } {
  if (cause instanceof TransactionError) return { stage: cause.stage, error: cause.error };
  return { stage: 'load', error: asError(cause) };
}
