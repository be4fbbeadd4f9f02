import { memoryStateStore } from 'bulkhead';
import { describe, expect, it } from 'vitest';
import { migrate } from '../../plugins/quotes/migrate.ts';
import { splitQuote } from '../../plugins/quotes/text.ts';
import { botWith } from './support.ts';

const TODAY = () => new Date().toISOString().slice(0, 10);

describe('a line', () => {
  it.each([
    ['Ship it.', { text: 'Ship it.' }],
    ['Ship it. - Ada', { text: 'Ship it.', author: 'Ada' }],
    ['"Ship it." — Ada Lovelace', { text: 'Ship it.', author: 'Ada Lovelace' }],
    ['“Ship it.”', { text: 'Ship it.' }],
    ['now - or never - Ada', { text: 'now - or never', author: 'Ada' }],
    ['well-known', { text: 'well-known' }],
    ['- Ada', { text: '- Ada' }],
    [`so - ${'long '.repeat(10)}`, { text: `so - ${'long '.repeat(10)}`.trim() }],
    ['""', { text: '' }],
  ])('%j is taken apart', (line, quote) => {
    expect(splitQuote(line)).toEqual(quote);
  });
});

describe('!quote', () => {
  it('keeps quotes and shows them by number, with who added them', async () => {
    const { run } = await botWith('quotes');
    expect(await run('!quote')).toBe('No quotes yet. Add one: !quote add <text> - <author>');
    expect(await run('!quote add "Ship it." - Grace', 'bob')).toBe('Added #1 "Ship it." - Grace');
    expect(await run('!quote add so be it')).toBe('Added #2 "so be it"');
    const origin = `(added by bob on ${TODAY()})`;
    expect(await run('!quote 1')).toBe(`#1 "Ship it." - Grace ${origin}`);
    expect(await run('!QUOTE #1')).toBe(`#1 "Ship it." - Grace ${origin}`);
  });

  it('shows a random one', async () => {
    const { run } = await botWith('quotes');
    await run('!quote add one');
    await run('!quote add two');
    const shown = new Set<string | undefined>();
    for (let tries = 0; tries < 100; tries++) shown.add(await run('!quote'));
    expect([...shown].sort()).toEqual(['#1 "one"', '#2 "two"']);
  });

  it('deletes one, and never gives its number to another', async () => {
    const { run } = await botWith('quotes');
    await run('!quote add one');
    await run('!quote add two');
    expect(await run('!quote del 2')).toBe('Deleted #2.');
    expect(await run('!quote 2')).toBe('There is no quote 2.');
    expect(await run('!quote del 2')).toBe('There is no quote 2.');
    expect(await run('!quote add three')).toBe('Added #3 "three"');
    expect(await run('!quote 1')).toContain('"one"');
  });

  it('finds words in texts and authors, the first few in full', async () => {
    const { run } = await botWith('quotes');
    for (const text of ['Pizza now', 'no pasta', 'yes - Pizza-Pete', 'PIZZA', 'pizza again']) {
      await run(`!quote add ${text}`);
    }
    expect(await run('!quote find pasta')).toBe('#2 "no pasta"');
    expect(await run('!quote find pizza')).toBe(
      '#1 "Pizza now" | #3 "yes" - Pizza-Pete | #4 "PIZZA" | also #5',
    );
    expect(await run('!quote find sushi')).toBe('No quote has "sushi" in it.');
  });

  it.each([
    ['!quote add', 'What was said? !quote add <text> - <author>'],
    ['!quote add ""', 'What was said? !quote add <text> - <author>'],
    ['!quote del', 'Which one? !quote del <number>'],
    ['!quote del x', 'There is no quote x.'],
    ['!quote find', 'Which word? !quote find <word>'],
    ['!quote 99', 'There is no quote 99.'],
    ['!quote what', 'I know !quote [number] | add <text> [- author] | del <number> | find <word>'],
    ['!quote add twenty characters!', 'That is too long, a quote has at most 10 characters.'],
  ])('%s is answered with what is missing', async (line, reply) => {
    const { run } = await botWith('quotes', { config: { quotes: { maxLength: 10 } } });
    expect(await run(line)).toBe(reply);
  });

  it('keeps as many as the configuration allows', async () => {
    const { run } = await botWith('quotes', { config: { quotes: { maxQuotes: 1 } } });
    await run('!quote add one');
    expect(await run('!quote add two')).toBe('All 1 places are taken. Make room: !quote del <number>');
    await run('!quote del 1');
    expect(await run('!quote add two')).toBe('Added #2 "two"');
  });
});

describe('the quotes', () => {
  it('survive a reload', async () => {
    const { run, manager } = await botWith('quotes');
    await run('!quote add one - Ada');
    await manager.reload('quotes');
    expect(manager.get('quotes')).toMatchObject({ generation: 2 });
    expect(await run('!quote 1')).toContain('#1 "one" - Ada');
    expect(await run('!quote add two')).toBe('Added #2 "two"');
  });

  it('survive a restart of a bot with a store, and are migrated only once', async () => {
    const stateStore = memoryStateStore();
    stateStore.replace('quotes', { version: 1, entries: [['quotes', ['one']]] });
    const before = await botWith('quotes', { stateStore });
    await before.run('!quote add two');
    await before.manager.unloadAll();
    const { run } = await botWith('quotes', { stateStore });
    expect([await run('!quote 1'), await run('!quote 2')]).toEqual([
      '#1 "one"',
      `#2 "two" (added by ada on ${TODAY()})`,
    ]);
  });

  it('of version 1 keep their numbers, and get authors', async () => {
    const stateStore = memoryStateStore();
    const lines = ['Ship it. - Grace', 'so be it'];
    stateStore.replace('quotes', { version: 1, entries: [['quotes', lines]] });
    const { run } = await botWith('quotes', { stateStore });
    expect(await run('!quote 1')).toBe('#1 "Ship it." - Grace');
    expect(await run('!quote find so')).toBe('#2 "so be it"');
    expect(await run('!quote add new')).toBe('Added #3 "new"');
    expect((await stateStore.load('quotes'))!.entries.map(([key]) => key)).toEqual([
      'lastNumber',
      'quote:1',
      'quote:2',
      'quote:3',
    ]);
  });

  it('of a version that is yet to come are left alone', async () => {
    const stateStore = memoryStateStore();
    const future = { version: 3, entries: [['pages', ['one']]] as [string, unknown][] };
    stateStore.replace('quotes', future);
    await expect(botWith('quotes', { stateStore })).rejects.toThrow('stored as version 3');
    expect(await stateStore.load('quotes')).toEqual(future);
    expect(() => migrate({}, 3)).toThrow('versions 1 and 2 can be read');
  });
});
