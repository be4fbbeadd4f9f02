/** A conversation with threads through the inspector. */
export interface Talk {
  /** Begins it, when no thread is ending. */
  start(): void;
  /** Ends it at once: a thread is about to end, and nothing more may be said. */
  cut(): void;
}

/**
 * Keeps the ends of threads and talks with threads apart. Node frees a thread's side of the inspector without regard for
 * who is just writing to it, and the process ends: with an abort in `MainThreadInterface::Post`, or with a segmentation
 * fault while sessions are attached or detached (seen on Node 20 and 26, with one thread that hangs and others that exit).
 *
 * What remains are ends that nobody is asked about: of a thread out of memory, of the thread of a job that exits or of one
 * that had no job for long, of threads of others.
 */
class ThreadEnds {
  readonly #ending = new Set<Promise<unknown>>();
  #talk: Talk | undefined;

  /**
   * Ends threads.
   *
   * @param end tells them to; what it returns settles when they have ended, or are given up: stuck, and not freed soon
   */
  end<T>(end: () => Promise<T>): Promise<T> {
    this.#talk?.cut();
    const ended = end();
    this.#ending.add(ended);
    const done = () => void this.#ending.delete(ended);
    ended.then(done, done);
    return ended;
  }

  /**
   * Starts a talk as soon as no thread is ending.
   *
   * @param until when to give that up, by `performance.now()`: then it is not started
   */
  async talk(talk: Talk, until: number): Promise<void> {
    while (this.#ending.size > 0) {
      if (performance.now() > until) return;
      await Promise.race(this.#ending).catch(() => {});
    }
    this.#talk = talk;
    talk.start();
  }

  /** The talk is over. */
  talked(): void {
    this.#talk = undefined;
  }
}

/** Those of this process. */
export const threadEnds = new ThreadEnds();
