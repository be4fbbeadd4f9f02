import { memoryStateStore } from 'bulkhead';
import { expect, it } from 'vitest';
import { botWith } from './support.ts';

const MINUTE = 60_000;

/** A store that remembers Ada's message of some time ago. */
function adaSeen(msAgo: number) {
  const stateStore = memoryStateStore();
  const sighting = { user: 'Ada', channel: '#lounge', text: 'good night', at: Date.now() - msAgo };
  stateStore.replace('seen', { version: 1, entries: [['ada', sighting]] });
  return stateStore;
}

it('tells who was last seen when and saying what, however the name is written', async () => {
  const { run, say } = await botWith('seen');
  say('Ada', 'hello');
  say('Ada', 'is anybody\n  here?');
  const reply = /^Ada was last seen (just now|\d seconds? ago) saying: is anybody here\?$/;
  for (const name of ['ada', 'ADA', '@Ada']) expect(await run(`!seen ${name}`, 'bob')).toMatch(reply);
});

it.each([
  // The clock may have been put back.
  [-MINUTE, 'just now'],
  [MINUTE, '1 minute ago'],
  [5.5 * MINUTE, '5 minutes ago'],
  [3.5 * 60 * MINUTE, '3 hours ago'],
  [400.5 * 24 * 60 * MINUTE, '400 days ago'],
])('puts %d ms in words', async (msAgo, words) => {
  const { run } = await botWith('seen', { stateStore: adaSeen(msAgo) });
  expect(await run('!seen ada', 'bob')).toBe(`Ada was last seen ${words} saying: good night`);
});

it('says so if it has not seen somebody, or need not look far', async () => {
  const { run } = await botWith('seen');
  expect(await run('!seen grace')).toBe('I have not seen grace.');
  expect(await run('!seen __proto__')).toBe('I have not seen __proto__.');
  expect(await run('!seen ADA', 'ada')).toBe('You are right here, ada.');
  expect(await run('!seen')).toBe('Whom are you looking for? !seen <name>');
});

it('cuts long messages', async () => {
  const { run, say } = await botWith('seen');
  say('ada', 'x'.repeat(1000));
  expect(await run('!seen ada', 'bob')).toMatch(/ saying: x{199}…$/);
  say('ada', `${'x'.repeat(198)}🎲${'x'.repeat(800)}`);
  expect(await run('!seen ada', 'bob')).toMatch(/ saying: x{198}…$/);
});

it('remembers across a reload, and tells the bot too', async () => {
  const { manager, say } = await botWith('seen');
  say('Ada', 'hello');
  await manager.reload('seen');
  const seen = manager.plugin<{ lastSeen(name: string): { text: string } | undefined }>('seen');
  expect(await seen.lastSeen('ada')).toMatchObject({ user: 'Ada', channel: '#lounge', text: 'hello' });
  expect(await seen.lastSeen('bob')).toBeUndefined();
});

it('forgets whoever was quiet for the longest time when there are too many', async () => {
  const { run, say } = await botWith('seen', { config: { seen: { maxPeople: 2 } } });
  say('ada', 'one');
  say('bob', 'two');
  say('ada', 'three');
  say('cleo', 'four');
  expect(await run('!seen bob')).toBe('I have not seen bob.');
  expect(await run('!seen ada', 'bob')).toContain('three');
  expect(await run('!seen cleo')).toContain('four');
});

it('goes by when people were seen, in whatever order they were stored', async () => {
  const stateStore = adaSeen(MINUTE);
  stateStore.write('seen', 'bob', {
    user: 'bob',
    channel: '#lounge',
    text: 'hi',
    at: Date.now() - 2 * MINUTE,
  });
  const { run, say } = await botWith('seen', { stateStore, config: { seen: { maxPeople: 2 } } });
  say('cleo', 'hello');
  expect(await run('!seen bob')).toBe('I have not seen bob.');
  expect(await run('!seen ada', 'bob')).toContain('good night');
});
