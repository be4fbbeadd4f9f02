import { writeFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import type { PluginManagerOptions, RestartOptions } from '../../src/index.ts';
import { bench, benchIn, pluginSource, until, Workspace } from '../support/workspace.ts';

/** A plugin whose handlers tell the bot what they got, and wait for ever; `die` ends it. */
function ear(subscriptions: string): string {
  const handler = `const handle = (who) => async (payload, { topic, redelivered }) => {
      await ctx.bot.heard([who, topic, payload, redelivered]);
      if (!redelivered) await new Promise(() => {});
    };`;
  return pluginSource('ear', `${handler} ${subscriptions} return { die: () => process.exit(3) };`);
}

async function listening(subscriptions: string, options: Partial<PluginManagerOptions> = {}) {
  const heard: unknown[] = [];
  const tools = await bench(
    { 'ear.ts': ear(subscriptions) },
    { hotReload: false, bot: { heard: (what: unknown) => void heard.push(what) }, ...options },
  );
  await tools.manager.loadAll();
  const die = () => expect(tools.manager.plugin<{ die(): void }>('ear').die()).rejects.toThrow(/exit/);
  return { ...tools, heard, die };
}

function restarting(restart: Partial<RestartOptions> = {}): Partial<PluginManagerOptions> {
  return { defaults: { drainMs: 50, restart: { initialDelayMs: 1, ...restart } } };
}

it('reports what was in flight at a crash as a dead letter', async () => {
  const { manager, seen, heard, die } = await listening(`ctx.on('job.*', handle('plain'));`, restarting());
  await manager.emit('job.one', 1);
  await until(() => heard.length === 1, 'the handler');
  await die();
  expect(seen('dead-letter')).toEqual([
    { name: 'ear', topic: 'job.one', payload: 1, source: 'host', reason: 'crashed' },
  ]);
});

it('hands what was in flight at a crash to those of the next generation that ask for it, in order', async () => {
  const { manager, seen, heard, next, die } = await listening(
    `ctx.on('job.*', handle('plain')); ctx.on('job.*', handle('again'), { redeliver: true });`,
    restarting(),
  );
  const results = await Promise.all([manager.emit('job.one', 1), manager.emit('job.two', 2)]);
  expect(results.map(({ delivered }) => delivered)).toEqual([['ear'], ['ear']]);
  await until(() => heard.length === 4, 'both handlers of both');
  const loaded = next('loaded');
  await die();
  await loaded;
  await manager.emit('job.three', 3);
  await until(() => heard.length === 8, 'what is delivered again, and what came after');
  expect(heard.slice(4)).toEqual([
    ['again', 'job.one', 1, true],
    ['again', 'job.two', 2, true],
    ['plain', 'job.three', 3, false],
    ['again', 'job.three', 3, false],
  ]);
  expect(seen('dead-letter')).toEqual([]);
});

it('reports one that was in flight at two crashes as a dead letter', async () => {
  const { manager, seen, heard } = await listening(
    `ctx.on('poison', async (payload) => { await ctx.bot.heard(payload); process.exit(3); }, { redeliver: true });`,
    restarting(),
  );
  await manager.emit('poison', 'pill');
  await until(() => seen('dead-letter').length > 0, 'the dead letter');
  await until(() => manager.get('ear')?.state === 'running', 'the third generation');
  expect(heard).toEqual(['pill', 'pill']);
  expect(seen('dead-letter')).toEqual([
    { name: 'ear', topic: 'poison', payload: 'pill', source: 'host', reason: 'crashed' },
  ]);
});

it('counts as lost what no generation follows', async () => {
  const { manager, seen, heard, die } = await listening(
    `ctx.on('job', handle('again'), { redeliver: true });`,
    restarting({ type: 'temporary' }),
  );
  await manager.emit('job', 1);
  await until(() => heard.length === 1, 'the handler');
  await die();
  await until(() => manager.get('ear')?.state === 'stopped', 'its end');
  expect(seen('dead-letter')).toMatchObject([{ topic: 'job', payload: 1, reason: 'crashed' }]);
});

it('counts as lost what waits for a restart when the plugin is stopped', async () => {
  const { manager, seen, heard, die } = await listening(
    `ctx.on('job', handle('again'), { redeliver: true });`,
    restarting({ initialDelayMs: 60_000 }),
  );
  await manager.emit('job', 1);
  await until(() => heard.length === 1, 'the handler');
  await die();
  await until(() => manager.get('ear')?.state === 'backoff', 'the backoff');
  expect(seen('dead-letter')).toEqual([]);
  await manager.unload('ear');
  expect(seen('dead-letter')).toMatchObject([{ topic: 'job', payload: 1, reason: 'crashed' }]);
});

it('hands it to a new version that is saved before the restart, if that asks for it too', async () => {
  const { manager, workspace, seen, heard, die } = await listening(
    `ctx.on('job.*', handle('again'), { redeliver: true });`,
    restarting({ initialDelayMs: 60_000 }),
  );
  await Promise.all([manager.emit('job.one', 1), manager.emit('job.two', 2)]);
  await until(() => heard.length === 2, 'the handlers');
  await die();
  await until(() => manager.get('ear')?.state === 'backoff', 'the backoff');
  const changed = ear(
    `ctx.on('job.two', handle('new'), { redeliver: true }); ctx.on('job.one', handle('no'));`,
  );
  await writeFile(workspace.path('plugins/ear.ts'), changed);
  await manager.reload('ear');
  await until(() => heard.length === 3, 'the new version');
  expect(heard[2]).toEqual(['new', 'job.two', 2, true]);
  expect(seen('dead-letter')).toMatchObject([{ topic: 'job.one', payload: 1, reason: 'crashed' }]);
});

it('tells who emitted it once, whatever becomes of it after its delivery', async () => {
  const stick = `import { existsSync } from 'node:fs';
${pluginSource('stuck', `ctx.on('job', () => {}); return { stick: () => { while (!existsSync(ctx.config)); } };`)}`;
  const mortal = pluginSource(
    'mortal',
    `ctx.on('job', async () => { await ctx.bot.arrived(); process.exit(3); });`,
  );
  const workspace = await Workspace.create({ 'plugins/mortal.ts': mortal, 'plugins/stuck.ts': stick });
  const { manager, seen } = benchIn(workspace, {
    ...restarting({ initialDelayMs: 60_000 }),
    hotReload: false,
    bot: { arrived: () => {} },
    config: { stuck: workspace.path('enough') },
  });
  await manager.loadAll();
  const stuck = manager.plugin<{ stick(): void }>('stuck').stick();
  let isOver = false;
  const emitted = manager.emit('job', 1).finally(() => {
    isOver = true;
  });
  await until(() => seen('crashed').length === 1, 'the crash');
  expect(isOver).toBe(false);
  await workspace.write({ enough: '' });
  await stuck;
  const { delivered, failed } = await emitted;
  expect([...delivered, ...failed.map(({ name }) => name)].sort()).toEqual(['mortal', 'stuck']);
});

it('refuses options of a subscription that there are not', async () => {
  const { manager } = await bench(
    {
      'typo.ts': pluginSource('typo', `ctx.on('job', () => {}, { seriall: true } as never);`),
      'kind.ts': pluginSource('kind', `ctx.on('job', () => {}, { redeliver: 1 } as never);`),
    },
    { hotReload: false },
  );
  const { failed } = await manager.loadAll();
  const messages = Object.fromEntries(failed.map(({ name, error }) => [name, error.message]));
  expect(messages.typo).toMatch(/ctx\.on has the options serial, redeliver; got seriall/);
  expect(messages.kind).toMatch(/ctx\.on: redeliver: expected true or false, got 1/);
});
