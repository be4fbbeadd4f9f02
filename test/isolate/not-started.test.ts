import { expect, it } from 'vitest';
import { notStarted } from '#internal/isolate/not-started';

it.each([
  [
    'EAGAIN',
    'its thread could not be started: no more threads and processes are allowed (ulimit -u, pids.max): EAGAIN',
  ],
  [
    'Worker initialization failure: EMFILE',
    'its thread could not be started: too many files are open (ulimit -n): Worker initialization failure: EMFILE',
  ],
  ['something else', 'its thread could not be started: something else'],
])('says which limit is reached of %s', (message, text) => {
  expect(notStarted('thread', new Error(message))).toBe(text);
});
