import { expect, it, onTestFinished, vi } from 'vitest';
import type { Generation } from '#internal/isolate/generation';
import type { Slot } from '#internal/isolate/slot';
import { measureSilence, type Silence, Watchdog } from '#internal/supervise/watchdog';

/** What is known after some looks: `[heartbeats, ms since the look before]`. */
function after(...looks: [count: number, ms: number][]): Silence | undefined {
  return looks.reduce<Silence | undefined>(
    (silence, [count, ms]) => measureSilence(silence, count, ms),
    undefined,
  );
}

it.each<[what: string, looks: [number, number][], silentMs: number]>([
  ['is not silent at the first look', [[0, 60_000]], 0],
  [
    'is not silent while it beats',
    [
      [1, 250],
      [2, 250],
      [3, 250],
    ],
    0,
  ],
  [
    'is silent for as long as it does not beat',
    [
      [1, 250],
      [1, 250],
      [1, 250],
    ],
    500,
  ],
  [
    'has been silent for nothing after one beat',
    [
      [1, 250],
      [1, 250],
      [2, 250],
    ],
    0,
  ],
  [
    'counts a stall of the host as one look',
    [
      [1, 250],
      [1, 60_000],
      [1, 250],
    ],
    500,
  ],
])('%s', (_what, looks, silentMs) => {
  expect(after(...looks)?.silentMs).toBe(silentMs);
});

it('lets one stand still for its snapshot, ten times as long as it may hang', async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const hung = vi.fn(async () => {});
  const watchdog = new Watchdog({ hung, looked: () => {} });
  const generation = {
    heapSnapshots: { isTaking: true },
    workload: { onceBusy: () => {} },
    pulse: 1,
    usage: { loopUtilization: 1 },
    ended: new Promise(() => {}),
    look: () => {},
    silence: { lasts: () => {} },
  };
  watchdog.watch({ options: { hangMs: 1_000 } } as Slot, generation as unknown as Generation);
  await vi.advanceTimersByTimeAsync(9_000);
  generation.heapSnapshots.isTaking = false;
  await vi.advanceTimersByTimeAsync(1_000);
  expect(hung).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(500);
  expect(hung).toHaveBeenCalledTimes(1);
  generation.heapSnapshots.isTaking = true;
  await vi.advanceTimersByTimeAsync(9_000);
  expect(hung).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(hung).toHaveBeenCalledTimes(2);
});
