import type { Link } from '../wire/link.ts';
import type { AbortNote, HostCallMessage } from '../wire/messages.ts';
import { PendingCalls } from '../wire/pending-calls.ts';
import { splitSignals, watchSignals } from '../wire/signals.ts';
import { encodeError } from '../wire/wire-error.ts';
import type { Invocations } from './invocations.ts';

/** Calls from the plugin to the host, with their signals and the invocation they belong to. */
export class HostCalls {
  readonly #link: Link;
  readonly #invocations: Invocations;
  #lastCall = 0;
  readonly #pending = new PendingCalls();

  constructor(link: Link, invocations: Invocations) {
    this.#link = link;
    this.#invocations = invocations;
  }

  limit(calls: number, bytes: number): void {
    this.#pending.limit(calls, bytes);
  }

  /** An object with one function for each name: `ctx.bot`. */
  proxy(names: readonly string[]): Record<string, (...args: unknown[]) => Promise<unknown>> {
    const proxy: Record<string, (...args: unknown[]) => Promise<unknown>> = Object.create(null);
    for (const name of names) proxy[name] = (...args) => this.call('bot', name, args);
    return Object.freeze(proxy);
  }

  /** @param method the function of the bot, or the URL of the job */
  async call(name: 'bot' | 'offload', method: string, args: unknown[]): Promise<unknown> {
    this.#pending.checkRoom(method);
    const split = splitSignals(args);
    for (const signal of split.signals) signal.throwIfAborted();
    const end = this.#pending.begin(method, split.args);
    const call = ++this.#lastCall;
    const message: HostCallMessage = {
      method,
      on: this.#invocations.current,
      call,
      args: split.args,
      signals: split.places,
    };
    const unwatch = watchSignals(split.signals, (which, reason) => {
      const note: AbortNote = { call, which, reason: encodeError(reason) };
      this.#link.note('abort', note);
    });
    try {
      return await this.#link.request(name, message);
    } finally {
      end();
      unwatch();
    }
  }
}
