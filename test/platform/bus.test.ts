import { expect, it } from 'vitest';
import { loadedBench, pluginSource, until } from '../support/workspace.ts';

const throwing = {
  get text(): string {
    throw new Error('of the getter');
  },
};

it.each<[what: string, topic: unknown, payload: unknown, error: object]>([
  ['a topic with an empty token', 'chat..message', 1, { code: 'ERR_INVALID_TOPIC' }],
  ['a topic with a wildcard', 'chat.*', 1, { code: 'ERR_INVALID_TOPIC' }],
  ['a topic that is no text', undefined, 1, { code: 'ERR_INVALID_TOPIC' }],
  ['a topic that JSON cannot show', 1n, 1, { code: 'ERR_INVALID_TOPIC' }],
  ['a payload that cannot be cloned', 'news', { deep: [() => {}] }, { code: 'ERR_NOT_CLONEABLE' }],
  ['a payload that throws when it is read', 'news', throwing, { message: expect.stringContaining('getter') }],
])(
  'emit never rejects: it resolves with the error of %s, and nobody gets it',
  async (_what, topic, payload, error) => {
    const heard: unknown[] = [];
    const { manager, seen } = await loadedBench(
      { 'ear.ts': pluginSource('ear', `ctx.on('>', (payload) => ctx.bot.heard(payload));`) },
      { hotReload: false, bot: { heard: (payload: unknown) => void heard.push(payload) } },
    );
    expect(await manager.emit(topic as string, payload)).toEqual({
      topic,
      delivered: [],
      failed: [],
      error: expect.objectContaining(error),
    });
    expect(await manager.emit('news', 'good')).toEqual({ topic: 'news', delivered: ['ear'], failed: [] });
    await until(() => heard.length > 0, 'the good one');
    expect(heard).toEqual(['good']);
    expect(seen('dead-letter')).toEqual([]);
  },
);
