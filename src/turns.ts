/** One thing at a time, in the order in which they are asked for, whatever becomes of those before. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  /** Does it when its turn has come. */
  take<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => {});
    return turn;
  }

  /** Resolves when everything that was asked for is over. */
  async over(): Promise<void> {
    await this.#last;
  }
}
