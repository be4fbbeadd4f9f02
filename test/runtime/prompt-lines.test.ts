import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { PromptLines } from '#internal/runtime/prompt-lines';

it('sends the first lines of a turn one by one, and those of a flood together', async () => {
  let waiting = 0;
  const sent: number[] = [];
  const lines = new PromptLines(() => {
    sent.push(waiting);
    waiting = 0;
  });
  const write = (count: number) => {
    for (let n = 0; n < count; n++) {
      waiting++;
      lines.written();
    }
  };
  write(120);
  expect(sent).toEqual([...Array(50).fill(1), 50]);
  await setImmediate();
  sent.length = waiting = 0;
  write(2);
  expect(sent).toEqual([1, 1]);
});
