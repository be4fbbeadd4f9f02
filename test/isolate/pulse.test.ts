import { expect, it } from 'vitest';
import { Pulse } from '#internal/isolate/pulse';
import { Vitals } from '#internal/wire/vitals';

const SIGNS = { heapBytes: 1, heapLimitBytes: 2, externalBytes: 3, heapIsLow: false };

interface Look {
  idle: number;
  active: number;
  beats?: boolean;
}

/** How many signs of life were seen at the looks, and how often the thread was asked. */
function after(looks: Look[]): { count: number; asked: number } {
  const vitals = new Vitals();
  let asked = 0;
  const pulse = new Pulse(vitals, () => asked++);
  for (const { beats = false, ...loop } of looks) {
    if (beats) vitals.beat(SIGNS);
    pulse.look({ ...loop, utilization: 0 });
  }
  return { count: pulse.count, asked };
}

it.each<[what: string, looks: Look[], count: number, asked: number]>([
  [
    'does not wake what only waits',
    [
      { idle: 250, active: 1 },
      { idle: 500, active: 1 },
      { idle: 750, active: 1 },
    ],
    3,
    0,
  ],
  [
    'asks once what does not wait',
    [
      { idle: 100, active: 0 },
      { idle: 100, active: 250 },
      { idle: 100, active: 500 },
    ],
    1,
    1,
  ],
  [
    'asks what is always busy again after each beat, which is a sign of life',
    [
      { idle: 100, active: 1 },
      { idle: 100, active: 250 },
      { idle: 100, active: 500, beats: true },
      { idle: 100, active: 750, beats: true },
    ],
    3,
    3,
  ],
  [
    'asks what has worked for its memory, once',
    [
      { idle: 100, active: 150 },
      { idle: 350, active: 151, beats: true },
      { idle: 600, active: 151 },
    ],
    3,
    1,
  ],
  ['asks a thread that has not started', [{ idle: 0, active: 0 }], 0, 1],
])('%s', (_, looks, count, asked) => {
  expect(after(looks)).toEqual({ count, asked });
});
