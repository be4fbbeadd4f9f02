import { onTestFinished, vi } from 'vitest';

/** How soon a version is tried again that could not be, ms. */
const RETRY_MS = 20_000;

/** Until the test ends, what is to be tried again is so nearly at once. */
export function retryAtOnce(): void {
  const { setTimeout: after } = globalThis;
  const spy = vi
    .spyOn(globalThis, 'setTimeout')
    .mockImplementation(((run: () => void, ms?: number) =>
      after(run, ms === RETRY_MS ? 20 : ms)) as typeof setTimeout);
  onTestFinished(() => spy.mockRestore());
}
