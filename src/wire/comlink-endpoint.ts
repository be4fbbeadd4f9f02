import type * as Comlink from 'comlink';

/**
 * comlink's end of a link. comlink lets go of an endpoint only when all proxies of it were collected; if the endpoint led
 * to whoever holds the proxy, that would never be. So it can be cut off.
 */
export class ComlinkEndpoint<Sent, Received> implements Comlink.Endpoint {
  #send: ((message: Sent) => void) | undefined;
  #listener: ((event: { data: Received }) => void) | undefined;

  constructor(send: (message: Sent) => void) {
    this.#send = send;
  }

  deliver(message: Received): void {
    this.#listener?.({ data: message });
  }

  cut(): void {
    this.#send = undefined;
    this.#listener = undefined;
  }

  // What comlink calls:

  postMessage(message: Sent): void {
    // It releases collected proxies by itself; a link has its own end.
    if ((message as { type?: string }).type !== 'RELEASE') this.#send?.(message);
  }

  addEventListener(_type: string, listener: unknown): void {
    this.#listener = listener as (event: { data: Received }) => void;
  }

  removeEventListener(): void {}
}
