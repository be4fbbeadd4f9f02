/** How long the host may take to end a thread that wants to end, ms. */
const PATIENCE_MS = 10_000;

export interface Leaving {
  /** Sends what the plugin said last. */
  lastWords(): void;
  /** Tells the host that the thread wants to end. */
  leave(exitCode: number): void;
  /** What a listener of the end throws; as in the main thread, it ends the thread all the same. */
  die(error: unknown): never;
}

/**
 * Makes `process.exit()` ask the host to end this thread, after the plugin's own listeners for that, and wait for it: so
 * that the host knows of each end beforehand. `reallyExit` is what Node itself and tools for coverage build on.
 */
export function leaveByHost({ lastWords, leave, die }: Leaving): void {
  const node = process as unknown as { exit: Exit; reallyExit: Exit; _exiting?: boolean };
  const { exit, reallyExit } = node;
  const nobody = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  node.reallyExit = (exitCode) => {
    try {
      lastWords();
      leave(Math.trunc(Number(exitCode)) || 0);
      Atomics.wait(nobody, 0, 0, PATIENCE_MS);
    } finally {
      reallyExit.call(process, exitCode);
    }
  };
  node.exit = (...exitCode) => {
    try {
      exit.apply(process, exitCode);
    } catch (error) {
      if (node._exiting) die(error);
      throw error;
    }
  };
}

type Exit = (exitCode?: number | string | null) => void;
