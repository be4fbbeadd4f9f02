import { isWireError } from '../wire/check.ts';
import type { AbortNote, BudgetLimits, HostCallMessage } from '../wire/messages.ts';
import { PendingCalls } from '../wire/pending-calls.ts';
import { joinSignals } from '../wire/signals.ts';
import { decodeError } from '../wire/wire-error.ts';
import { LENIENCE } from './lenience.ts';

/** Calls that a plugin makes to the host and that are under way, with the signals they carry. */
export class PluginCalls {
  readonly #pending = new PendingCalls();
  readonly #controllers = new Map<number, AbortController[]>();

  limit({ pendingCalls, pendingCallBytes }: BudgetLimits): void {
    this.#pending.limit(LENIENCE * pendingCalls, LENIENCE * pendingCallBytes);
  }

  /** Runs one, with real signals in its arguments. Rejects with `ERR_TOO_MANY_CALLS`. */
  async run(message: HostCallMessage, work: () => unknown): Promise<unknown> {
    const { method, call, args, signals } = message;
    const end = this.#pending.begin(method, args);
    const controllers = joinSignals(args, signals);
    if (controllers.length > 0) this.#controllers.set(call, controllers);
    try {
      return await work();
    } finally {
      end();
      this.#controllers.delete(call);
    }
  }

  abort(note: unknown): void {
    const { call, which, reason } = note as AbortNote;
    if (!isWireError(reason)) throw new TypeError('a malformed abort');
    this.#controllers.get(call)?.[which]?.abort(decodeError(reason));
  }

  abortAll(reason: unknown): void {
    for (const controllers of this.#controllers.values())
      for (const controller of controllers) controller.abort(reason);
    this.#controllers.clear();
  }
}
