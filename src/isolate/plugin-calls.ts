import { isWireError } from '../wire/check.ts';
import type { AbortNote, HostCallMessage } from '../wire/messages.ts';
import { joinSignals } from '../wire/signals.ts';
import { decodeError } from '../wire/wire-error.ts';

/** Calls that a plugin makes to the host and that are under way, with the signals they carry. */
export class PluginCalls {
  readonly #controllers = new Map<number, AbortController[]>();

  /** Runs one, with real signals in its arguments. */
  async run(message: HostCallMessage, work: () => unknown): Promise<unknown> {
    const { call, args, signals } = message;
    const controllers = joinSignals(args, signals);
    if (controllers.length > 0) this.#controllers.set(call, controllers);
    try {
      return await work();
    } finally {
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
