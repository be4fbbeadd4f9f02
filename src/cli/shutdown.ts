/** Why the program ends. */
export type StopReason = 'end-of-input' | 'output-closed' | Signal;
/** Those of SIGHUP are sent when the terminal is closed. */
type Signal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';

/** After a signal the codes a shell would show for it; otherwise everything went as it should. */
const EXIT_CODES: Record<StopReason, number> = {
  'end-of-input': 0,
  'output-closed': 0,
  SIGINT: 130,
  SIGTERM: 143,
  SIGHUP: 129,
};

/** One budget for all drains and teardowns together. */
export const BUDGET_MS = 4_500;
/** From the wish to stop to the last resort, so that the whole stays below 5 s. */
const LAST_RESORT_MS = 4_800;
/** How long something may keep the process alive after a stop that had no budget. */
const AFTERGLOW_MS = 2_000;
/** `npm start` passes on a signal that the terminal has sent to us too: the second one is not a second wish. */
const SAME_SIGNAL_MS = 300;

export interface ShutdownHost {
  /** Ends everything, so that nothing keeps the process alive; within `timeoutMs` if it is given. */
  stop(timeoutMs: number | undefined): Promise<void>;
  /** What has not ended yet, for the last words. */
  unfinished(): string[];
  say(text: string): void;
}

/**
 * The end of the program: once, whatever asks for it first. Nothing calls `process.exit`, which hangs for as long as a
 * thread is stuck in a system call; the process ends because nothing is left to do, or else by SIGKILL.
 */
export class Shutdown {
  readonly #host: ShutdownHost;
  #stopping: Promise<void> | undefined;
  #signal: { name: Signal; at: number } | undefined;
  #lastResort: NodeJS.Timeout | undefined;

  constructor(host: ShutdownHost) {
    this.#host = host;
  }

  get begun(): boolean {
    return this.#stopping !== undefined;
  }

  listen(): void {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      process.on(signal, () => this.signalled(signal));
    // Otherwise Node opens its inspector, through which a plugin could do anything in this process.
    process.on('SIGUSR1', () => {});
  }

  /** A signal came, or Ctrl-C was typed. The second one ends the process at once. */
  signalled(name: Signal): void {
    const before = this.#signal;
    const now = performance.now();
    if (before !== undefined) {
      if (name !== before.name || now - before.at > SAME_SIGNAL_MS) endAtOnce(name);
      return;
    }
    this.#signal = { name, at: now };
    process.exitCode = EXIT_CODES[name];
    this.#host.say(`Stopping (${name}); once more ends it at once`);
    if (this.#stopping === undefined) void this.begin(name, BUDGET_MS);
    else this.#armLastResort(LAST_RESORT_MS);
  }

  /** @param budgetMs without it, handlers and teardowns have the times that their plugins' options give them. */
  begin(reason: StopReason, budgetMs?: number): Promise<void> {
    this.#stopping ??= this.#stop(reason, budgetMs);
    return this.#stopping;
  }

  async #stop(reason: StopReason, budgetMs: number | undefined): Promise<void> {
    process.exitCode = EXIT_CODES[reason];
    if (budgetMs !== undefined) this.#armLastResort(LAST_RESORT_MS);
    await this.#host.stop(budgetMs);
    if (this.#lastResort === undefined) this.#armLastResort(AFTERGLOW_MS);
    // From here on it is only for a process that does not end by itself.
    this.#lastResort?.unref();
  }

  #armLastResort(ms: number): void {
    this.#lastResort ??= setTimeout(() => {
      const names = this.#host.unfinished().join(', ');
      this.#host.say(`Ended by force, because ${names || 'something'} did not stop in time`);
      process.kill(process.pid, 'SIGKILL');
    }, ms);
  }
}

/** Without a listener a signal does what it does by default: the process is gone, threads and all. */
function endAtOnce(signal: Signal): void {
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}
