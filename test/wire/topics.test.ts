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

it.each([
  '',
  '.',
  'a.',
  '.a',
  'a..b',
  'a b',
  '>.a',
  'a*',
  5,
  1n,
  Symbol('a'),
  Object.create(null),
  null,
  undefined,
  'x'.repeat(300),
])('refuses %o as a pattern and as a topic', (value) => {
  const refused = expect.objectContaining({ code: 'ERR_INVALID_TOPIC' });
  expect(() => checkPattern(value)).toThrow(refused);
  expect(() => checkTopic(value)).toThrow(refused);
});

it('refuses wildcards in a topic that is emitted', () => {
  expect(() => checkTopic('chat.*')).toThrow(/without wildcards/);
  expect(() => checkTopic('>')).toThrow(/without wildcards/);
  checkTopic('chat.message');
});
