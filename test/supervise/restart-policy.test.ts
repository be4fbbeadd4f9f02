import { expect, it } from 'vitest';
import { decideRestart } from '#internal/supervise/restart-policy';

const OPTIONS = {
  type: 'permanent',
  initialDelayMs: 1_000,
  maxDelayMs: 60_000,
  resetMs: 300_000,
  maxCrashes: 10,
  maxZombies: 4,
  windowMs: 600_000,
  retryMs: 900_000,
} as const;

/** Crashes at these times, each after running for as long as since the one before. */
function crashesAt(...times: number[]) {
  return times.map((at, index) => ({ at, clean: false, uptimeMs: at - (times[index - 1] ?? at) }));
}

it.each([
  [1, 1_000],
  [2, 2_000],
  [3, 4_000],
  [6, 32_000],
  [7, 60_000],
  [9, 60_000],
])('waits after crash %i in a row for %i ms', (count, delayMs) => {
  const crashes = crashesAt(...Array.from({ length: count }, (_, index) => index * 10));
  expect(decideRestart(OPTIONS, crashes, 0)).toEqual({ action: 'restart', delayMs });
});

it('takes up to a fifth off the wait at random', () => {
  expect(decideRestart(OPTIONS, crashesAt(0), 1)).toEqual({ action: 'restart', delayMs: 800 });
});

it('starts over after the plugin ran for resetMs', () => {
  const crashes = crashesAt(0, 10, 20, 20 + 300_000, 20 + 300_010);
  expect(decideRestart(OPTIONS, crashes, 0)).toEqual({ action: 'restart', delayMs: 2_000 });
});

it('quarantines at maxCrashes within windowMs', () => {
  const ten = crashesAt(...Array.from({ length: 10 }, (_, index) => index * 1_000));
  expect(decideRestart(OPTIONS, ten, 0)).toEqual({ action: 'quarantine', retryMs: 900_000 });
  const spread = crashesAt(...Array.from({ length: 10 }, (_, index) => index * 70_000));
  expect(decideRestart(OPTIONS, spread, 0)).toMatchObject({ action: 'restart' });
});

it('quarantines what would leave more and more threads behind', () => {
  expect(decideRestart(OPTIONS, crashesAt(0), 0, 3)).toMatchObject({ action: 'restart' });
  expect(decideRestart(OPTIONS, crashesAt(0), 0, 4)).toMatchObject({ action: 'quarantine' });
});

it.each([
  ['permanent', true, 'restart'],
  ['permanent', false, 'restart'],
  ['transient', true, 'stop'],
  ['transient', false, 'restart'],
  ['temporary', true, 'stop'],
  ['temporary', false, 'stop'],
] as const)('%s, clean exit %s: %s', (type, clean, action) => {
  expect(decideRestart({ ...OPTIONS, type }, [{ at: 0, clean, uptimeMs: 5 }], 0)).toMatchObject({ action });
});
