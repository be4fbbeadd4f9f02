import { expect, it } from 'vitest';
import { measureSilence, type Silence } from '#internal/supervise/watchdog';

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
