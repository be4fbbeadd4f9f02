import { BulkheadError } from '../errors.ts';
import { MIB } from '../units.ts';
import { LIMITS } from './frames.ts';
import { measure } from './measure.ts';

/** Calls of the host that wait for their answer: so many, and with so much in their arguments. One alone may be larger. */
export class PendingCalls {
  #most = Number.POSITIVE_INFINITY;
  #mostBytes = Number.POSITIVE_INFINITY;
  #count = 0;
  #bytes = 0;

  limit(most: number, mostBytes: number): void {
    this.#most = most;
    this.#mostBytes = mostBytes;
  }

  /**
   * Before the arguments of one more are copied.
   *
   * @throws {BulkheadError} `ERR_TOO_MANY_CALLS` if it would be refused whatever they are
   */
  checkRoom(method: string): void {
    const isFull = this.#count > 0 && this.#bytes >= this.#mostBytes;
    if (isFull || this.#count >= this.#most) throw this.#refusal(method);
  }

  /**
   * One more.
   *
   * @returns to be called when it is answered
   * @throws {BulkheadError} `ERR_TOO_MANY_CALLS`
   */
  begin(method: string, args: readonly unknown[]): () => void {
    this.checkRoom(method);
    const bytes = measure(args, LIMITS.frameBytes);
    if (this.#count > 0 && this.#bytes + bytes > this.#mostBytes) throw this.#refusal(method);
    this.#count++;
    this.#bytes += bytes;
    return () => {
      this.#count--;
      this.#bytes -= bytes;
    };
  }

  #refusal(method: string): BulkheadError {
    const mib = (this.#bytes / MIB).toFixed(1);
    return new BulkheadError(
      'ERR_TOO_MANY_CALLS',
      `The call '${method}' is refused: ${this.#count} calls of this plugin, with ${mib} MiB of arguments, wait for the host ` +
        `already. Await them, or raise 'budgets.pendingCalls' or 'budgets.pendingCallBytes'`,
    );
  }
}
