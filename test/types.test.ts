import type { CrashReason, LoadAllResult, PluginManager, Remote, StatusEvents } from 'bulkhead';
import { definePlugin, type Remote as RemoteInPlugins } from 'bulkhead/plugin';
import { expect, expectTypeOf, it } from 'vitest';
import { z } from 'zod';

interface DiceApi {
  roll(sides: number): number;
  later(name: string): Promise<{ name: string }>;
  version: string;
  hint?(text: string): string;
}

/** These are checked by the compiler, in `npm run types`; running them proves nothing. */
function typeTests(manager: PluginManager): void {
  const dice = manager.plugin<DiceApi>('dice');
  expectTypeOf(dice.roll).toEqualTypeOf<(sides: number) => Promise<number>>();
  expectTypeOf(dice.later).returns.toEqualTypeOf<Promise<{ name: string }>>();
  expectTypeOf(dice).toEqualTypeOf<Remote<DiceApi>>();
  expectTypeOf(dice).toEqualTypeOf<RemoteInPlugins<DiceApi>>();
  expectTypeOf(dice.hint).toEqualTypeOf<((text: string) => Promise<string>) | undefined>();
  expectTypeOf<keyof Remote<DiceApi>>().toEqualTypeOf<'roll' | 'later' | 'hint'>();
  // @ts-expect-error a wrong argument
  void dice.roll('six');
  expectTypeOf(manager.loadAll()).resolves.toEqualTypeOf<LoadAllResult>();
  manager.on('reloaded', (event) => {
    expectTypeOf(event).toEqualTypeOf<StatusEvents['reloaded']>();
    expectTypeOf(event.pauseMs).toBeNumber();
  });
  manager.on('crashed', ({ reason, report }) => {
    expectTypeOf(reason).toEqualTypeOf<CrashReason>();
    expectTypeOf(report.reason).toEqualTypeOf<CrashReason>();
  });
  // @ts-expect-error no such status
  manager.on('exploded', () => {});
}

const plugin = definePlugin({
  name: 'typed',
  version: '1.0.0',
  config: z.object({ maxSides: z.number().default(100) }),
  setup(ctx) {
    expectTypeOf(ctx.config).toEqualTypeOf<{ maxSides: number }>();
    expectTypeOf(ctx.bot.send).toEqualTypeOf<(channel: string, text: string) => Promise<void>>();
    // @ts-expect-error the bot has no such function
    void ctx.bot.shout;
    ctx.onConfig((config) => expectTypeOf(config).toEqualTypeOf<{ maxSides: number }>());
    ctx.on<{ text: string }>('chat.message', (message, event) => {
      expectTypeOf(message.text).toBeString();
      expectTypeOf(event.source).toBeString();
    });
    ctx.on('chat.message', async (message, event) => {
      expectTypeOf(message).toBeAny();
      expectTypeOf(event.source).toBeString();
    });
    ctx.on('chat.message', ({ text }) => expectTypeOf(text).toBeAny());
    ctx.on('chat.message', (message: { text: string }) => message.text.length, { serial: true });
    expectTypeOf(ctx.state.get<number>('n')).toEqualTypeOf<number | undefined>();
    expectTypeOf(ctx.state.update<number>('n', (n = 0) => n + 1)).toBeNumber();
    return { roll: (sides: number) => sides };
  },
});

it('types calls, status events, the configuration and the bot', () => {
  expect(typeTests).toBeTypeOf('function');
  expectTypeOf(plugin.setup).returns.toEqualTypeOf<
    { roll: (sides: number) => number } | Promise<{ roll: (sides: number) => number }>
  >();
});
