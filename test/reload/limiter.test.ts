import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Limiter } from '#internal/reload/limiter';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => void vi.useRealTimers());

/** Jobs that last until they are ended, and the names of those that have begun. */
function jobs(limiter: Limiter, ...names: string[]) {
  const begun: string[] = [];
  const ends = new Map<string, { resolve(): void; reject(error: Error): void }>();
  const runs = names.map((name) =>
    limiter.run(() => {
      begun.push(name);
      return new Promise<void>((resolve, reject) => ends.set(name, { resolve, reject }));
    }),
  );
  return {
    begun,
    runs,
    end: (name: string) => ends.get(name)?.resolve(),
    fail: (name: string) => ends.get(name)?.reject(new Error(name)),
  };
}

/** After everything that is due at once. */
const settle = () => vi.advanceTimersByTimeAsync(0);

it('lets so many jobs run at once, and one more, in the order they came, for each that ends or fails', async () => {
  const limiter = new Limiter(2);
  const { begun, runs, end, fail } = jobs(limiter, 'a', 'b', 'c', 'd');
  await settle();
  expect(begun).toEqual(['a', 'b']);
  end('b');
  await runs[1];
  await settle();
  expect(begun).toEqual(['a', 'b', 'c']);
  fail('a');
  await expect(runs[0]).rejects.toThrow('a');
  await settle();
  expect(begun).toEqual(['a', 'b', 'c', 'd']);
  expect(limiter.isIdle).toBe(false);
  end('c');
  end('d');
  await Promise.all([runs[2], runs[3]]);
  expect(limiter.isIdle).toBe(true);
});

it('counts a job no longer that takes longer than a second, and gives its place away once', async () => {
  const { begun, end } = jobs(new Limiter(1), 'endless', 'a', 'b');
  await vi.advanceTimersByTimeAsync(999);
  expect(begun).toEqual(['endless']);
  await vi.advanceTimersByTimeAsync(1);
  expect(begun).toEqual(['endless', 'a']);
  end('endless');
  await settle();
  expect(begun).toEqual(['endless', 'a']);
  end('a');
  await settle();
  expect(begun).toEqual(['endless', 'a', 'b']);
});
