import { AsyncLocalStorage } from 'node:async_hooks';
import type { AbortNote } from '../wire/messages.ts';
import { decodeError } from '../wire/wire-error.ts';

/**
 * What runs at the moment on behalf of the host. The number follows the author's own promises and timers, so that a
 * call to the host can say for whom it is made.
 */
export class Invocations {
  readonly #storage = new AsyncLocalStorage<number>();
  readonly #controllers = new Map<number, AbortController[]>();

  /** The invocation that the present code runs for, 0 for none. */
  get current(): number {
    return this.#storage.getStore() ?? 0;
  }

  run<T>(invocation: number, work: () => T): T {
    return this.#storage.run(invocation, work);
  }

  begin(invocation: number, controllers: AbortController[]): void {
    if (controllers.length > 0) this.#controllers.set(invocation, controllers);
  }

  end(invocation: number): void {
    this.#controllers.delete(invocation);
  }

  abort(note: AbortNote): void {
    this.#controllers.get(note.call)?.[note.which]?.abort(decodeError(note.reason));
  }
}
