/** Keeps what its successor has replaced from changing anything, and counts what it tries. */
export class Fence {
  #isClosed = false;
  #refused = 0;

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** How often something was refused. */
  get refused(): number {
    return this.#refused;
  }

  close(): void {
    this.#isClosed = true;
  }

  /** Whether what is asked for may be done. */
  lets(): boolean {
    if (this.#isClosed) this.#refused++;
    return !this.#isClosed;
  }
}
