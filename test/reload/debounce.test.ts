import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Debounce } from '#internal/reload/debounce';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] }));
afterEach(() => void vi.useRealTimers());

function started(quietMs: number, goesOn?: (since: number) => Promise<boolean>) {
  const runs: { hints: string[]; at: number }[] = [];
  const began = performance.now();
  const debounce = new Debounce(
    quietMs,
    (hints, at) => runs.push({ hints: [...hints], at: at - began }),
    goesOn,
  );
  return { debounce, runs };
}

it('hands on everything that was hinted at, once, when nothing has come for the quiet time', () => {
  const { debounce, runs } = started(100);
  debounce.hint(['a']);
  vi.advanceTimersByTime(99);
  debounce.hint(['b', 'a']);
  vi.advanceTimersByTime(99);
  expect(runs).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(runs).toEqual([{ hints: ['a', 'b'], at: 199 }]);
  vi.advanceTimersByTime(10_000);
  expect(runs).toHaveLength(1);
});

it('cuts a stream that never pauses after ten quiet times, again and again', () => {
  const { debounce, runs } = started(100);
  for (let at = 0; at < 2_500; at += 50) {
    debounce.hint([String(at)]);
    vi.advanceTimersByTime(50);
  }
  expect(runs.map(({ at }) => at)).toEqual([1_000, 2_000]);
  expect(runs.flatMap(({ hints }) => hints)).toEqual(
    Array.from({ length: 40 }, (_value, index) => String(index * 50)),
  );
});

it('forgets what was hinted at when it is cancelled, and works on', () => {
  const { debounce, runs } = started(100);
  debounce.hint(['a']);
  debounce.cancel();
  vi.advanceTimersByTime(1_000);
  expect(runs).toEqual([]);
  debounce.hint(['b']);
  vi.advanceTimersByTime(100);
  expect(runs).toEqual([{ hints: ['b'], at: 1_100 }]);
});

it('waits on when there were changes that it was not told of, and is cut after ten quiet times all the same', async () => {
  let lastChange = 0;
  const began = Date.now();
  const { debounce, runs } = started(100, async (since) => lastChange > since);
  debounce.hint(['a']);
  for (let at = 0; at < 250; at += 10) {
    lastChange = began + at;
    await vi.advanceTimersByTimeAsync(10);
  }
  expect(runs).toEqual([]);
  await vi.advanceTimersByTimeAsync(200);
  expect(runs).toEqual([{ hints: ['a'], at: 370 }]);
  debounce.hint(['b']);
  for (let at = 0; at < 2_000; at += 10) {
    lastChange = Date.now();
    await vi.advanceTimersByTimeAsync(10);
  }
  expect(runs[1]?.at).toBe(450 + 1_000);
});
