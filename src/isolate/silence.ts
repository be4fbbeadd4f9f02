/** How long something has given no sign of life, and who waits for that to become too long. */
export class Silence {
  #ms = 0;
  readonly #waiting = new Set<{ ms: number; resolve: () => void }>();

  /** It is so long by now, ms; 0 if there was a sign. */
  lasts(ms: number): void {
    this.#ms = ms;
    for (const each of this.#waiting) if (ms >= each.ms) each.resolve();
  }

  /** Resolves when it has lasted so long, ms; the time before counts. `signal` ends the waiting. */
  reaches(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const each = { ms, resolve };
      this.#waiting.add(each);
      signal.addEventListener('abort', () => this.#waiting.delete(each));
      if (this.#ms >= ms) resolve();
    });
  }
}
