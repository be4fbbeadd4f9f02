import { onTestFinished, vi } from 'vitest';

const now = performance.now.bind(performance);

/** So much later than it is, ms, until the test ends. */
export function later(ms: number): void {
  const spy = vi.spyOn(performance, 'now').mockImplementation(() => now() + ms);
  onTestFinished(() => spy.mockRestore());
}
