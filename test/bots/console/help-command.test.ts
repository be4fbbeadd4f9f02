import { expect, it } from 'vitest';
import { HelpCommand } from '#internal/bots/console/help-command';
import { loadedBench, pluginSource } from '../../support/workspace.ts';

const GREETER = pluginSource(
  'greeter',
  `ctx.command('hello', { usage: '[name]', description: 'Greets somebody' }, () => 'hello');
   ctx.command('bye', () => 'bye');`,
);

const plain = (_format: unknown, text: string) => text;

it.each([
  [
    'side by side where there is room for it',
    40,
    'command        what it does     plugin\n!bye                            greeter\n!hello [name]  Greets somebody  greeter',
  ],
  [
    'one below the other on a narrow screen',
    38,
    '!bye\n  (greeter)\n!hello [name]\n  Greets somebody (greeter)',
  ],
])('lists commands and what they do %s', async (_how, columns, listed) => {
  const { manager } = await loadedBench({ 'greeter.ts': GREETER }, { hotReload: false });
  const help = new HelpCommand(manager.commands, () => [], { style: plain, columns });
  expect(await help.run([])).toBe(listed);
});
