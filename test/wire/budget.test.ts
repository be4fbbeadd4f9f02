import { expect, it } from 'vitest';
import { Budget } from '#internal/wire/budget';

it('lets through so much a second, and a second of saved-up budget at once', () => {
  let now = 0;
  const budget = new Budget(10, () => now);
  expect(budget.take(10)).toBe(true);
  expect(budget.take(1)).toBe(false);
  now += 100;
  expect(budget.take(2)).toBe(false);
  expect(budget.take(1)).toBe(true);
  now += 3_600_000;
  expect(budget.take(11)).toBe(false);
  expect(budget.take(10)).toBe(true);
});
