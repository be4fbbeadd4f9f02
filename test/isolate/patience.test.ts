import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Patience } from '#internal/isolate/patience';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

const never = new Promise<never>(() => {});

/** What has become of a wait by now. */
function follow(wait: Promise<unknown>) {
  const state: { outcome?: unknown } = {};
  wait.then(
    (value) => {
      state.outcome = value;
    },
    (error) => {
      state.outcome = error;
    },
  );
  return state;
}

it('waits for the promise, and no longer than asked', async () => {
  const patience = new Patience();
  const late = follow(patience.wait(never, 100, (ms) => `gave up after ${ms}`));
  expect(await patience.wait(Promise.resolve('there'), 100, () => 'late')).toBe('there');
  await vi.advanceTimersByTimeAsync(99);
  expect(late.outcome).toBeUndefined();
  await vi.advanceTimersByTimeAsync(1);
  expect(late.outcome).toBe('gave up after 100');
});

it('shortens waits that are under way, and leaves a share of the limit for what comes after', async () => {
  const patience = new Patience();
  const drain = follow(patience.wait(never, 5_000, (ms) => ms, 0.6));
  await vi.advanceTimersByTimeAsync(500);
  patience.limit(1_000);
  await vi.advanceTimersByTimeAsync(600);
  expect(drain.outcome).toBe(1_100);
  const teardown = follow(patience.wait(never, 5_000, (ms) => ms));
  await vi.advanceTimersByTimeAsync(400);
  expect(teardown.outcome).toBe(400);
});

it('takes a tighter limit and ignores a looser one, until it is lifted', async () => {
  const patience = new Patience();
  patience.limit(100);
  patience.limit(1_000);
  const wait = follow(patience.wait(never, 5_000, (ms) => ms));
  patience.limit(50);
  await vi.advanceTimersByTimeAsync(50);
  expect(wait.outcome).toBe(50);
  patience.unlimited();
  const after = follow(patience.wait(never, 5_000, (ms) => ms));
  await vi.advanceTimersByTimeAsync(4_999);
  expect(after.outcome).toBeUndefined();
  expect(vi.getTimerCount()).toBe(1);
});
