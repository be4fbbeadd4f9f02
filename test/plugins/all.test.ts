import type { PluginContext } from 'bulkhead/plugin';
import { expect, expectTypeOf, it } from 'vitest';
import { emptyBot } from './support.ts';

it('loads the example plugins side by side, each with commands that explain themselves', async () => {
  const { manager } = await emptyBot();
  const { loaded, failed } = await manager.loadAll();
  expect(failed).toEqual([]);
  expect(loaded).toEqual(['dice', 'poll', 'quotes', 'seen']);
  const commands = manager.commands.list();
  expect(commands.map(({ name }) => name)).toEqual(['odds', 'poll', 'quote', 'roll', 'seen', 'vote']);
  for (const { usage, description } of commands) {
    expect(usage).not.toBe('');
    expect(description).not.toBe('');
  }
});

it('types what plugins may call of the bot', () => {
  expectTypeOf<PluginContext['bot']>().toEqualTypeOf<{
    send: (channel: string, text: string) => Promise<void>;
  }>();
});
