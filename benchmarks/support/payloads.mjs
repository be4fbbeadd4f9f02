/** A message as chats have them, about 0.1 KB. */
export const MESSAGE = {
  user: 'ada',
  channel: 'main',
  text: 'hello there',
  at: 1_700_000_000_000,
  tags: ['a', 'b'],
};
/** 10 KB. */
export const TEXT = 'x'.repeat(10 * 1024);
/** 1,000 KB. */
export const LARGE_TEXT = 'x'.repeat(1_000 * 1024);
