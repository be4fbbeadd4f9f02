import { expect, it } from 'vitest';
import { checkPattern, checkTopic, topicMatches } from '#internal/wire/topics';

it.each([
  ['chat.message', 'chat.message', true],
  ['chat.*', 'chat.message', true],
  ['chat.*', 'chat', false],
  ['chat.*', 'chat.message.edited', false],
  ['*.message', 'chat.message', true],
  ['chat.>', 'chat.message', true],
  ['chat.>', 'chat.message.edited', true],
  ['chat.>', 'chat', false],
  ['>', 'anything.at.all', true],
  ['*', 'one', true],
  ['*', 'one.two', false],
  ['chat', 'chatter', false],
])('%s takes %s: %s', (pattern, topic, expected) => {
  expect(topicMatches(pattern, topic)).toBe(expected);
});

it.each(['', '.', 'a.', '.a', 'a..b', 'a b', '>.a', 'a*', 5, null, undefined, 'x'.repeat(300)])(
  'refuses %j as a pattern',
  (pattern) => {
    expect(() => checkPattern(pattern)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_TOPIC' }));
  },
);

it('refuses wildcards in a topic that is emitted', () => {
  expect(() => checkTopic('chat.*')).toThrow(/without wildcards/);
  expect(() => checkTopic('>')).toThrow(/without wildcards/);
  checkTopic('chat.message');
});
