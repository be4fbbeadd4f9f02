import type { MessagePort } from 'node:worker_threads';
import { receiveMessageOnPort } from 'node:worker_threads';
import type { Batch, Channel } from './frames.ts';

/** Instead of a batch: the other side wants a heartbeat. */
const PING = 'ping';

/** A {@link Channel} over one private `MessagePort`. */
export class PortChannel<T = Batch> implements Channel<T> {
  readonly #port: MessagePort;
  #listener: (batch: unknown) => void = () => {};
  #pinged: (() => void) | undefined;
  #left: ((exitCode: number) => void) | undefined;

  constructor(port: MessagePort) {
    this.#port = port;
  }

  post(batch: T): void {
    this.#port.postMessage(batch);
  }

  /** Asks the other side for a heartbeat, which it gives in its vital signs. */
  ping(): void {
    this.#port.postMessage(PING);
  }

  /** Before `onBatch`. A side that does not expect pings takes one for a malformed batch. */
  onPing(listener: () => void): void {
    this.#pinged = listener;
  }

  /** Instead of a batch: this side wants to end, with this exit code. */
  leave(exitCode: number): void {
    this.#port.postMessage(exitCode);
  }

  /** Before `onBatch`. A side that does not expect the other to leave takes that for a malformed batch. */
  onLeaving(listener: (exitCode: number) => void): void {
    this.#left = listener;
  }

  onBatch(listener: (batch: unknown) => void): void {
    this.#listener = listener;
    this.#port.on('message', (message: unknown) => this.#take(message));
    // A message that cannot be deserialized is as malformed as they come.
    this.#port.on('messageerror', () => listener(undefined));
  }

  /**
   * Reads what the other side had posted before it ended. A thread's 'exit' can come while its last messages still wait
   * in the port of a busy host.
   */
  drain(): void {
    for (;;) {
      const received = this.#receive();
      if (received === undefined) return;
      this.#take(received.message);
    }
  }

  #take(message: unknown): void {
    if (message === PING && this.#pinged !== undefined) this.#pinged();
    else if (typeof message === 'number' && this.#left !== undefined) this.#left(message);
    else this.#listener(message);
  }

  /** A message that cannot be deserialized is as malformed here as it is when it comes by itself. */
  #receive(): { message: unknown } | undefined {
    try {
      return receiveMessageOnPort(this.#port);
    } catch {
      return { message: undefined };
    }
  }

  close(): void {
    this.#port.removeAllListeners('message');
    this.#port.removeAllListeners('messageerror');
    this.#port.close();
  }
}
