/** How long the host may take to end a thread that wants to end, ms. */
const PATIENCE_MS = 10_000;

/**
 * Makes `process.exit()` ask the host to end this thread, after the plugin's own listeners for that, and wait for it: so
 * that the host knows of each end beforehand. `reallyExit` is what Node itself and tools for coverage build on.
 */
export function leaveByHost(leave: (exitCode: number) => void): void {
  const { reallyExit } = process as unknown as { reallyExit(exitCode: number): never };
  const nobody = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  Object.assign(process, {
    reallyExit: (exitCode: number) => {
      leave(Number(exitCode));
      Atomics.wait(nobody, 0, 0, PATIENCE_MS);
      reallyExit.call(process, exitCode);
    },
  });
}
