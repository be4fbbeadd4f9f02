import { inspect } from 'node:util';
import { BulkheadError } from '../errors.ts';

const TOPIC = /^[^\s.*>]+(?:\.[^\s.*>]+)*$/;

/** Topics are tokens separated by dots, as in NATS: `*` stands for one token, `>` for one or more at the end. */
export function checkPattern(pattern: unknown): asserts pattern is string {
  if (typeof pattern !== 'string' || pattern.length > 256 || !isPattern(pattern)) {
    throw new BulkheadError(
      'ERR_INVALID_TOPIC',
      `${show(pattern)} is not a topic pattern; expected tokens separated by dots, '*' for one token, '>' for the rest ` +
        `(for example 'chat.message', 'chat.*', 'chat.>')`,
    );
  }
}

/** Mostly the next event has it too. */
let lastValid: unknown = 'chat.message';

export function checkTopic(topic: unknown): asserts topic is string {
  if (topic === lastValid) return;
  if (typeof topic !== 'string' || topic.length > 256 || !TOPIC.test(topic)) {
    throw new BulkheadError(
      'ERR_INVALID_TOPIC',
      `${show(topic)} is not a topic; expected tokens separated by dots, without wildcards (for example 'chat.message')`,
    );
  }
  lastValid = topic;
}

/** Whether an event of this topic is meant by the pattern. */
export function topicMatches(pattern: string, topic: string): boolean {
  if (pattern === topic) return true;
  if (!pattern.includes('*') && !pattern.includes('>')) return false;
  const wanted = pattern.split('.');
  const tokens = topic.split('.');
  for (let index = 0; index < wanted.length; index++) {
    if (wanted[index] === '>') return tokens.length > index;
    if (index >= tokens.length) return false;
    if (wanted[index] !== '*' && wanted[index] !== tokens[index]) return false;
  }
  return tokens.length === wanted.length;
}

function show(value: unknown): string {
  return inspect(value, { depth: 0, maxStringLength: 300 });
}

function isPattern(text: string): boolean {
  const tokens = text.split('.');
  return tokens.every(
    (token, index) =>
      token === '*' ||
      (token === '>' && index === tokens.length - 1) ||
      (token !== '' && !/[\s*>]/.test(token)),
  );
}
