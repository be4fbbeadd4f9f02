import { fileURLToPath } from 'node:url';
import type { PluginManagerOptions } from 'bulkhead';
import { type Bench, benchIn, Workspace } from '../support/workspace.ts';

const PLUGINS = fileURLToPath(new URL('../../plugins', import.meta.url));

/** A bot with the example plugins of the repository. */
export interface Bot extends Bench {
  /** What plugins said by themselves, with `ctx.bot.send`. */
  sent: { channel: string; text: string }[];
  /** The reply to a command line; rejects if no plugin answers it. */
  run(line: string, user?: string, channel?: string): Promise<string | undefined>;
  /** Somebody writes something that is no command. Whatever is run afterwards reaches a plugin after it. */
  say(user: string, text: string): void;
}

/** Loads one of the example plugins from where it is. */
export async function botWith(plugin: string, options: Partial<PluginManagerOptions> = {}): Promise<Bot> {
  const bot = await emptyBot(options);
  await bot.manager.load(plugin);
  return bot;
}

export async function emptyBot(options: Partial<PluginManagerOptions> = {}): Promise<Bot> {
  const sent: Bot['sent'] = [];
  const bench = benchIn(await Workspace.create(), {
    pluginDir: PLUGINS,
    hotReload: false,
    bot: { send: (channel: string, text: string) => void sent.push({ channel, text }) },
    ...options,
  });
  return {
    ...bench,
    sent,
    async run(line, user = 'ada', channel = '#lounge') {
      const outcome = await bench.manager.commands.dispatch(line, { user, channel });
      if (outcome.kind === 'answered') return outcome.reply;
      throw outcome.kind === 'failed' ? outcome.error : new Error(`'${line}' was answered by nobody`);
    },
    say(user, text) {
      void bench.manager.emit('chat.message', { channel: '#lounge', user, text });
    },
  };
}
