import { memoryStateStore } from 'bulkhead';
import { describe, expect, it } from 'vitest';
import { describeDuration, parseDuration } from '../../plugins/poll/duration.ts';
import { describeOutcome, findOption, type Poll, readPoll } from '../../plugins/poll/vote.ts';
import { until } from '../support/workspace.ts';
import { botWith } from './support.ts';

const START = '!poll start 60 Pizza or pasta? | pizza | pasta';

describe('a time', () => {
  it.each([
    ['60', 60_000],
    ['90s', 90_000],
    ['5m', 300_000],
    ['1h30m', 5_400_000],
    ['2D', 172_800_000],
    ['', undefined],
    ['m', undefined],
    ['5x', undefined],
    ['-5', undefined],
    ['1m1h', undefined],
  ])('%j is %s ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each([
    [-5, '1 second'],
    [1, '1 second'],
    [59_001, '1 minute'],
    [90_000, '1 minute 30 seconds'],
    [3_605_000, '1 hour'],
    [5_405_000, '1 hour 30 minutes'],
    [172_800_000, '2 days'],
  ])('%d ms is told as %s', (ms, text) => {
    expect(describeDuration(ms)).toBe(text);
  });
});

describe('the start of a poll', () => {
  it('needs a time and a question; the options are yes and no unless given', () => {
    expect(readPoll('5m Shall we?')).toEqual({ ms: 300_000, question: 'Shall we?', options: ['yes', 'no'] });
    expect(readPoll('10 Which | a|b |  c d')).toMatchObject({
      question: 'Which',
      options: ['a', 'b', 'c d'],
    });
  });

  it.each([
    ['', 'How long?'],
    ['Pizza or pasta? | pizza | pasta', 'How long?'],
    ['60', 'What is the question?'],
    ['60 | a | b', 'What is the question?'],
    ['0 Which? | a | b', 'from 1 second to 7 days'],
    ['8d Which? | a | b', 'from 1 second to 7 days'],
    ['60 Which? | a', '2 to 10 options'],
    ['60 Which? | 1|2|3|4|5|6|7|8|9|10|11', '2 to 10 options'],
    ['60 Which? | a | ', 'One of the options is empty.'],
    ['60 Which? | a | A', 'Two of the options are the same.'],
    [`60 ${'x'.repeat(301)}?`, 'That is too long'],
  ])('%j is refused, saying what is wrong', (text, complaint) => {
    expect(readPoll(text)).toContain(complaint);
  });
});

it('takes a number for the place of an option before it takes it for its text', () => {
  const poll = { options: ['2', '3', 'Ten'] } as Poll;
  expect(['1', '2', '3', 'ten', '4'].map((choice) => findOption(poll, choice))).toEqual([
    0,
    1,
    2,
    2,
    undefined,
  ]);
});

describe('the outcome', () => {
  const outcome = (...votes: [user: string, option: number][]) =>
    describeOutcome({
      channel: '#lounge',
      question: 'Which?',
      options: ['a', 'b', 'c'],
      votes: new Map(votes),
      startedBy: 'ada',
      endsAt: 0,
    });

  it('names the winner, those who tie, or that nobody voted', () => {
    expect(outcome(['ada', 1])).toBe('Poll ended. Which? b wins with 1 of 1 vote.');
    expect(outcome(['ada', 1], ['bob', 0], ['cleo', 1])).toBe('Poll ended. Which? b wins with 2 of 3 votes.');
    expect(outcome(['ada', 0], ['bob', 1], ['cleo', 2])).toBe(
      'Poll ended. Which? A tie between a, b and c, 1 of 3 votes each.',
    );
    expect(outcome()).toBe('Poll ended. Which? Nobody voted.');
  });
});

describe('the plugin', () => {
  it('runs a vote: one vote a user, which may be changed', async () => {
    const { run } = await botWith('poll');
    expect(await run(START)).toBe(
      'ada asks: Pizza or pasta? 1) pizza 2) pasta. Vote with !vote <number>, 1 minute left.',
    );
    expect(await run('!vote 1', 'bob')).toBe('bob votes for pizza.');
    expect(await run('!poll vote pasta', 'cleo')).toBe('cleo votes for pasta.');
    expect(await run('!vote 1', 'Cleo')).toBe('Cleo votes for pizza instead of pasta.');
    expect(await run('!vote 2', '__proto__')).toBe('__proto__ votes for pasta.');
    expect(await run('!poll results')).toMatch(
      /^Pizza or pasta\? 1\) pizza: 2 \(67 %\) 2\) pasta: 1 \(33 %\)\. (1 minute|\d+ seconds) left, vote with !vote <number>\.$/,
    );
    expect(await run('!poll end')).toBe('Poll ended. Pizza or pasta? pizza wins with 2 of 3 votes.');
    expect(await run('!vote 1')).toContain('No poll is running here.');
  });

  it('has one poll in each channel, which whoever started it may end', async () => {
    const { run } = await botWith('poll');
    await run(START, 'ada', '#lounge');
    expect(await run('!poll', 'ada', '#kitchen')).toContain('No poll is running here.');
    expect(await run(START, 'bob', '#lounge')).toMatch(/^One poll at a time\. Pizza or pasta\?/);
    expect(await run(START, 'bob', '#kitchen')).toContain('bob asks');
    expect(await run('!poll end', 'bob', '#lounge')).toBe(
      'Only ada, who started this poll, can end it early.',
    );
    expect(await run('!poll end', 'ada', '#lounge')).toContain('Nobody voted.');
    expect(await run('!poll', 'ada', '#kitchen')).toContain('Pizza or pasta?');
  });

  it.each([
    ['!vote 3', 'Vote with a number: 1) pizza 2) pasta'],
    ['!vote', 'Vote with a number: 1) pizza 2) pasta'],
    ['!poll what', 'I know !poll start 5m <question> | <a> | <b>, results, end'],
  ])('answers %s with what it knows', async (line, reply) => {
    const { run } = await botWith('poll');
    await run(START);
    expect(await run(line)).toBe(reply);
  });

  it('announces the end by itself, once', async () => {
    const { run, sent } = await botWith('poll');
    await run('!poll start 5s Pizza or pasta? | pizza | pasta');
    await run('!vote 2', 'bob');
    await until(() => sent.length > 0, 'the announcement');
    expect(await run('!poll')).toContain('No poll is running here.');
    expect(sent).toEqual([
      { channel: '#lounge', text: 'Poll ended. Pizza or pasta? pasta wins with 1 of 1 vote.' },
    ]);
  });

  it('does not end the next poll when the time of one that was ended early is up', async () => {
    const { run, sent } = await botWith('poll');
    await run('!poll start 5 First?');
    await run('!poll end');
    await run('!poll start 60 Second?');
    await run('!poll start 5 Third?', 'ada', '#kitchen');
    await until(() => sent.length > 0, 'the announcement');
    expect(sent).toEqual([{ channel: '#kitchen', text: 'Poll ended. Third? Nobody voted.' }]);
    expect(await run('!poll')).toContain('Second?');
  });

  it('keeps votes and the timed end across reloads', async () => {
    const { run, sent, manager } = await botWith('poll');
    await run('!poll start 10 Pizza or pasta? | pizza | pasta');
    const started = performance.now();
    await run('!vote 2', 'bob');
    await manager.reload('poll');
    await run('!vote 2', 'cleo');
    await manager.reload('poll');
    expect(manager.get('poll')).toMatchObject({ generation: 3 });
    expect(await run('!poll')).toContain('pasta: 2 (100 %)');
    expect(sent).toEqual([]);
    await until(() => sent.length > 0, 'the announcement');
    expect(performance.now() - started).toBeGreaterThan(9_900);
    expect(sent).toEqual([
      { channel: '#lounge', text: 'Poll ended. Pizza or pasta? pasta wins with 2 of 2 votes.' },
    ]);
  });

  it('announces at the start what ended while the bot was away, and waits for what goes on', async () => {
    const stateStore = memoryStateStore();
    const poll = { question: 'Which?', options: ['a', 'b'], votes: new Map([['bob', 0]]), startedBy: 'ada' };
    stateStore.replace('poll', {
      version: 1,
      entries: [
        ['poll:#old', { ...poll, channel: '#old', endsAt: Date.now() - 60_000 }],
        ['poll:#new', { ...poll, channel: '#new', endsAt: Date.now() + 60_000 }],
      ],
    });
    const { run, sent } = await botWith('poll', { stateStore });
    await until(() => sent.length > 0, 'the announcement');
    expect(sent).toEqual([{ channel: '#old', text: 'Poll ended. Which? a wins with 1 of 1 vote.' }]);
    expect(await run('!poll', 'ada', '#new')).toContain('1) a: 1 (100 %)');
  });
});
