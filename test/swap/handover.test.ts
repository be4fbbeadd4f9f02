import { AsyncResource } from 'node:async_hooks';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { gate } from '../support/gate.ts';
import { bench, benchIn, loadedBench, pluginSource, until, Workspace } from '../support/workspace.ts';

it('lets calls under way finish on the old generation and queues new ones for the new', async () => {
  const started = gate();
  const release = gate();
  const body = (version: string) =>
    `return { slow: async () => { await ctx.bot.started(); await ctx.bot.released(); return '${version}'; }, quick: () => '${version}' };`;
  const { manager, workspace } = await loadedBench(
    { 'worker.ts': pluginSource('worker', body('old')) },
    { hotReload: false, bot: { started: () => started.open(), released: () => release.opened } },
  );
  const worker = manager.plugin<{ slow(): string; quick(): string }>('worker');
  const slow = worker.slow();
  await started.opened;
  await writeFile(workspace.path('plugins/worker.ts'), pluginSource('worker', body('new')));
  const reload = manager.reload('worker');
  await until(() => manager.get('worker')?.state === 'reloading', 'the pause');
  const quick = worker.quick();
  release.open();
  expect(await slow).toBe('old');
  expect(await quick).toBe('new');
  await reload;
});

it('rejects what does not end within drainMs with PluginReloadedError', async () => {
  const { manager } = await loadedBench(
    { 'worker.ts': pluginSource('worker', `return { hang: () => new Promise(() => {}) };`) },
    { hotReload: false, defaults: { drainMs: 30 } },
  );
  const hang = manager.plugin<{ hang(): void }>('worker').hang();
  const rejection = expect(hang).rejects.toMatchObject({
    name: 'PluginReloadedError',
    code: 'ERR_PLUGIN_RELOADED',
    plugin: 'worker',
    generation: 1,
  });
  await manager.reload('worker');
  await rejection;
});

it('runs teardown last registered first, lets it call the host, and fences the generation afterwards', async () => {
  const calls: string[] = [];
  const setup = `
    ctx.signal.addEventListener('abort', () => ctx.bot.note('abort'));
    ctx.onTeardown(async () => { await ctx.bot.note('first registered'); });
    ctx.onTeardown(async () => { await ctx.bot.note('second registered'); });
    setInterval(() => ctx.bot.note('late').catch(() => {}), 1);
  `;
  const { manager, workspace } = await loadedBench(
    { 'tidy.ts': pluginSource('tidy', setup) },
    { hotReload: false, bot: { note: (text: string) => void calls.push(text) } },
  );
  await writeFile(workspace.path('plugins/tidy.ts'), pluginSource('tidy', ''));
  await manager.reload('tidy');
  expect(calls.filter((text) => text !== 'late')).toEqual(['abort', 'second registered', 'first registered']);
  const before = calls.length;
  await manager.reload('tidy');
  expect(calls.length).toBe(before);
});

it('counts what a generation still tries after its fence', async () => {
  const workspace = await Workspace.create();
  const refused = workspace.path('refused');
  const setup = `
    setInterval(() => ctx.bot.wait(false).catch((error) => appendFileSync(${JSON.stringify(refused)}, error.code)), 1);`;
  const withImport = `import { appendFileSync } from 'node:fs';\n${pluginSource('tidy', setup)}`;
  await workspace.write({ 'plugins/tidy.ts': withImport });
  const { manager, log } = benchIn(workspace, {
    hotReload: false,
    bot: {
      wait: (forRefusal: boolean) =>
        forRefusal && until(() => existsSync(refused) && readFileSync(refused, 'utf8'), 'a refusal'),
    },
  });
  await manager.loadAll();
  const next = pluginSource('tidy', 'await ctx.bot.wait(true);').replace('setup(ctx)', 'async setup(ctx)');
  await workspace.write({ 'plugins/tidy.ts': next });
  await manager.reload('tidy');
  expect(readFileSync(refused, 'utf8')).toMatch(/^ERR_PLUGIN_FENCED/);
  const warning = await until(() => log.find(({ text }) => text.includes('was refused')), 'the warning');
  expect(warning).toMatchObject({ level: 'warn', text: expect.stringContaining('Generation 1') });
});

it('brings the old version back, with its state, when the new one fails in setup, and hands it the queue', async () => {
  const good = `
    ctx.onTeardown(() => ctx.state.set('left', 'by teardown'));
    return { left: () => ctx.state.get('left'), version: () => 'good' };`;
  const bad = `ctx.state.set('left', 'by the broken one'); await ctx.bot.failing(); throw new Error('no database');`;
  const failing = gate();
  const proceed = gate();
  const { manager, workspace, next } = await loadedBench(
    { 'shop.ts': pluginSource('shop', good) },
    {
      hotReload: false,
      bot: {
        failing: () => {
          failing.open();
          return proceed.opened;
        },
      },
    },
  );
  await writeFile(
    workspace.path('plugins/shop.ts'),
    pluginSource('shop', bad).replace('setup(ctx)', 'async setup(ctx)'),
  );
  const failed = next('reload-failed');
  const reload = manager.reload('shop').catch((error: unknown) => error);
  await failing.opened;
  const queued = manager.plugin<{ version(): string }>('shop').version();
  proceed.open();
  expect(await reload).toMatchObject({
    code: 'ERR_PLUGIN_SETUP',
    message: expect.stringContaining('no database'),
  });
  expect(await queued).toBe('good');
  expect(await failed).toMatchObject({ stage: 'setup', generation: 3 });
  expect(await manager.plugin<{ left(): string }>('shop').left()).toBe('by teardown');
  expect(manager.get('shop')?.state).toBe('running');
});

it('activates what setup registered and sends what it emitted only when setup succeeds', async () => {
  const heard: string[] = [];
  const { manager, workspace } = await loadedBench(
    {
      'ear.ts': pluginSource('ear', `ctx.on('news.>', (text) => ctx.bot.heard(text));`),
      'mouth.ts': pluginSource('mouth', ''),
    },
    { hotReload: false, bot: { heard: (text: string) => void heard.push(text) } },
  );
  const source = (end: string) =>
    pluginSource('mouth', `ctx.command('speak', () => 'spoken'); ctx.emit('news.today', '${end}'); ${end}`);
  await writeFile(workspace.path('plugins/mouth.ts'), source('throw new Error()'));
  await expect(manager.reload('mouth')).rejects.toMatchObject({ code: 'ERR_PLUGIN_SETUP' });
  expect(manager.commands.list()).toEqual([]);
  await writeFile(workspace.path('plugins/mouth.ts'), source('return {}'));
  await manager.reload('mouth');
  await until(() => heard.length > 0, 'the event');
  expect(heard).toEqual(['return {}']);
  expect(manager.commands.list().map(({ name }) => name)).toEqual(['speak']);
});

it('does not wait for itself when a plugin asks for its own reload', async () => {
  let reload: Promise<void> | undefined;
  const { manager } = await bench(
    { 'selfish.ts': pluginSource('selfish', `return { renew: () => ctx.bot.reload() };`) },
    {
      hotReload: false,
      bot: {
        reload: () => {
          reload = manager.reload('selfish');
          return reload;
        },
      },
      defaults: { drainMs: 600_000 },
    },
  );
  await manager.loadAll();
  await expect(manager.plugin<{ renew(): void }>('selfish').renew()).rejects.toMatchObject({
    code: 'ERR_PLUGIN_RELOADED',
  });
  await reload;
  expect(manager.get('selfish')?.generation).toBe(2);
});

it('does not wait for a call that asks for a reload when the one before waits for it already', async () => {
  const goOn = gate();
  const reloads: Promise<void>[] = [];
  const { manager } = await bench(
    {
      'selfish.ts': pluginSource(
        'selfish',
        'return { renew: async () => { await ctx.bot.wait(); await ctx.bot.reload(); } };',
      ),
    },
    {
      hotReload: false,
      bot: {
        wait: () => goOn.opened,
        reload: () => {
          reloads.push(manager.reload('selfish'));
          return reloads[0];
        },
      },
      defaults: { drainMs: 600_000 },
    },
  );
  await manager.loadAll();
  const renewed = manager.plugin<{ renew(): void }>('selfish').renew();
  const first = manager.reload('selfish');
  await until(() => manager.get('selfish')?.state === 'reloading', 'the drain');
  goOn.open();
  await expect(renewed).rejects.toMatchObject({ code: 'ERR_PLUGIN_RELOADED' });
  await Promise.all([first, ...reloads]);
  expect(manager.get('selfish')?.generation).toBe(3);
});

it('passes a call through the pause that the drain itself waits for: A calls B calls A', async () => {
  const inA = gate();
  const goOn = gate();
  const { manager } = await bench(
    {
      'a.ts': pluginSource(
        'a',
        `return { outer: async () => { await ctx.bot.wait(); return ctx.bot.askB(); }, inner: () => 'inner' };`,
      ),
      'b.ts': pluginSource('b', `return { ask: () => ctx.bot.askA() };`),
    },
    {
      hotReload: false,
      defaults: { drainMs: 600_000 },
      bot: {
        wait: () => {
          inA.open();
          return goOn.opened;
        },
        askB: () => manager.plugin<{ ask(): string }>('b').ask(),
        askA: () => manager.plugin<{ inner(): string }>('a').inner(),
      },
    },
  );
  await manager.loadAll();
  const outer = manager.plugin<{ outer(): string }>('a').outer();
  await inA.opened;
  const reloads = [manager.reload('a'), manager.reload('b')];
  await until(() => manager.get('a')?.state === 'reloading', 'the pause of a');
  goOn.open();
  expect(await outer).toBe('inner');
  await Promise.all(reloads);
});

it('gives a call that a drain waits for to the new version when the old one is being torn down already', async () => {
  const inA = gate();
  const goOn = gate();
  const inTeardown = gate();
  const tornDown = gate();
  const { manager } = await bench(
    {
      'a.ts': pluginSource(
        'a',
        `return { outer: async () => { await ctx.bot.wait(); return ctx.bot.askB(); } };`,
      ),
      'b.ts': pluginSource(
        'b',
        `ctx.onTeardown(() => ctx.bot.tearDown()); return { ask: () => ctx.generation };`,
      ),
    },
    {
      hotReload: false,
      bot: {
        wait: () => {
          inA.open();
          return goOn.opened;
        },
        askB: () => {
          const answer = manager.plugin<{ ask(): number }>('b').ask();
          tornDown.open();
          return answer;
        },
        tearDown: () => {
          inTeardown.open();
          return tornDown.opened;
        },
      },
    },
  );
  await manager.loadAll();
  const outer = manager.plugin<{ outer(): number }>('a').outer();
  await inA.opened;
  const reloads = [manager.reload('a'), manager.reload('b')];
  await inTeardown.opened;
  goOn.open();
  expect(await outer).toBe(2);
  await Promise.all(reloads);
});

it('refuses a call into a plugin on behalf of its own setup, instead of waiting for ever', async () => {
  const { manager } = await bench(
    {
      'loop.ts': pluginSource(
        'loop',
        `const answer = await ctx.bot.askMe().catch((error) => error.code); return { answer: () => answer };`,
      ).replace('setup(ctx)', 'async setup(ctx)'),
    },
    { hotReload: false, bot: { askMe: () => manager.plugin<{ answer(): string }>('loop').answer() } },
  );
  await manager.loadAll();
  expect(await manager.plugin<{ answer(): string }>('loop').answer()).toBe('ERR_CALL_CYCLE');
});

it.each([
  ['the plugin that is called', 'worker'],
  ['another plugin', 'other'],
])(
  'lets calls wait for the swap that come from what the setup of %s opened long ago',
  async (_who, opener) => {
    const connect = 'await ctx.bot.connect();';
    const worker = (opens: string) => {
      const setup = `${opens} let open = true;
      ctx.onTeardown(async () => { open = false; await ctx.bot.tearingDown(); });
      return { quick: () => [ctx.generation, open] };`;
      return pluginSource('worker', setup).replace('setup(', 'async setup(');
    };
    const other = pluginSource('other', opener === 'other' ? connect : '').replace('setup(', 'async setup(');
    // A socket of the bot, say, with a listener that calls the plugin.
    const socket = new EventTarget();
    const answers: Promise<unknown>[] = [];
    const released = gate();
    const { manager } = await bench(
      { 'worker.ts': worker(opener === 'worker' ? connect : ''), 'other.ts': other },
      {
        hotReload: false,
        bot: {
          connect: () => {
            const call = AsyncResource.bind(() => {
              answers.push(manager.plugin<{ quick(): unknown }>('worker').quick());
            });
            socket.addEventListener('message', call, { once: true });
          },
          tearingDown: () => {
            if (answers.length === 0) socket.dispatchEvent(new Event('message'));
            return released.opened;
          },
        },
      },
    );
    await manager.loadAll();
    const reload = manager.reload('worker');
    await until(() => answers.length > 0, 'the call during teardown');
    released.open();
    await reload;
    expect(await Promise.all(answers)).toEqual([[2, true]]);
  },
);

it('reports queued events that the new version no longer wants as dead letters', async () => {
  const proceed = gate();
  const { manager, workspace, seen } = await loadedBench(
    { 'ear.ts': pluginSource('ear', `ctx.on('news.old', () => {}); ctx.onTeardown(() => ctx.bot.wait());`) },
    { hotReload: false, bot: { wait: () => proceed.opened } },
  );
  await writeFile(workspace.path('plugins/ear.ts'), pluginSource('ear', `ctx.on('news.new', () => {});`));
  const reload = manager.reload('ear');
  await until(() => manager.get('ear')?.state === 'reloading', 'the pause');
  const [old, fresh] = [manager.emit('news.old', 1), manager.emit('news.new', 2)];
  proceed.open();
  await reload;
  expect(await fresh).toMatchObject({ delivered: [], failed: [] });
  expect(await old).toMatchObject({ delivered: [] });
  expect(seen('dead-letter')).toEqual([
    { name: 'ear', topic: 'news.old', payload: 1, source: 'host', reason: 'unwanted' },
  ]);
});

describe('a plugin that does not close its port', () => {
  const keeper = (version: number, port: number | string, thrown = 'error') =>
    pluginSource(
      'keeper',
      `const { createServer } = await import('node:http');
       const server = createServer((_request, response) => response.end('version ${version}'));
       await new Promise((resolve, reject) => server.once('error', (error) => reject(${thrown})).listen(${port}, resolve));
       ctx.state.set('port', server.address().port);
       return { port: () => server.address().port };`,
    ).replace('setup(', 'async setup(');
  const start = async () => {
    const sources = { 'keeper.ts': keeper(1, "ctx.state.get('port') ?? 0") };
    const plugin = await loadedBench(sources, { hotReload: false });
    const port = await plugin.manager.plugin<{ port(): number }>('keeper').port();
    return { ...plugin, served: async () => (await fetch(`http://localhost:${port}`)).text() };
  };

  it.each([
    ['', 'error', 'EADDRINUSE'],
    [', also if it says so in a cause', "new Error('no page today', { cause: error })", 'no page today'],
  ])('is started once more when the thread that holds it has ended%s', async (_also, thrown, said) => {
    const { manager, workspace, log, served } = await start();
    await workspace.write({ 'plugins/keeper.ts': keeper(2, "ctx.state.get('port')", thrown) });
    await manager.reload('keeper');
    expect(await served()).toBe('version 2');
    const text = expect.stringMatching(new RegExp(`ctx\\.onTeardown.*started once more: .*${said}`, 's'));
    expect(log).toContainEqual(expect.objectContaining({ level: 'warn', text }));
    expect(manager.get('keeper')).toMatchObject({ state: 'running', reloads: 1, crashes: 0 });
  });

  it('serves on as it was if the port is somebody else’s, after two tries', async () => {
    const { manager, workspace, log, served } = await start();
    const other = createServer().listen(0);
    onTestFinished(() => void other.close());
    await once(other, 'listening');
    await workspace.write({ 'plugins/keeper.ts': keeper(2, (other.address() as AddressInfo).port) });
    await expect(manager.reload('keeper')).rejects.toThrow('EADDRINUSE');
    expect(await served()).toBe('version 1');
    expect(log.filter(({ text }) => text.includes('may still hold a port'))).toHaveLength(1);
    // The first, two that found the port taken, and the first version again.
    expect(manager.get('keeper')).toMatchObject({ state: 'running', generation: 4 });
  });
});
