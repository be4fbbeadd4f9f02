import { existsSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { expect, it, onTestFinished, vi } from 'vitest';
import {
  type Bench,
  bench,
  benchIn,
  ISOLATION,
  loadedBench,
  pluginSource,
  Workspace,
} from '../support/workspace.ts';

type Api = Record<string, (...args: unknown[]) => Promise<unknown>>;
type Permissions = NonNullable<NonNullable<Parameters<typeof bench>[1]>['defaults']>['permissions'];

const TRIES = pluginSource(
  'tries',
  `const get = (name: string) => process.getBuiltinModule(name) as never as Record<string, any>;
    const fs = get('node:fs');
    return {
      read: (path: string) => fs.readFileSync(path, 'utf8'),
      write: (path: string) => fs.writeFileSync(path, 'x'),
      spawn: () => String(get('node:child_process').execFileSync('echo', ['out'])),
      thread: () => { new (get('node:worker_threads').Worker)('0', { eval: true }); },
      listen: () => new Promise((resolve, reject) => {
        const server = get('node:net').createServer().on('error', reject).listen(0, () => server.close(() => resolve('open')));
      }),
      fetch: () => typeof fetch('http://localhost:1'),
      inspect: () => { const session = new (get('node:inspector').Session)(); session.connectToMainThread(); return 'connected'; },
      binding: () => Object.keys((process as never as { binding(name: string): object }).binding('fs')).length,
      load: (name: string) => import(name).then(() => 'loaded'),
      own: () => 'own',
      job: (path: string) => ctx.offload(new URL('./_job.ts', import.meta.url), path),
    };`,
);
const JOB = `import { readFileSync } from 'node:fs'; export default (path: string) => readFileSync(path, 'utf8');`;

async function tries(
  permissions: (workspace: Workspace) => Permissions | undefined,
): Promise<Bench & { plugin: Api; failed: { error: Error }[] }> {
  const workspace = await Workspace.create({
    'plugins/tries.ts': TRIES,
    'plugins/_job.ts': JOB,
    'in/a.txt': 'inside',
    'out/a.txt': 'outside',
    'in-beside.txt': 'beside',
  });
  const given = permissions(workspace);
  const result = benchIn(workspace, {
    hotReload: false,
    ...(given && { plugins: { tries: { permissions: given } } }),
  });
  const { failed } = await result.manager.loadAll();
  return { ...result, plugin: result.manager.plugin<Api>('tries') as unknown as Api, failed };
}

const DENIED = { code: 'ERR_ACCESS_DENIED' };

it.runIf(ISOLATION === 'process')(
  'lets a plugin read and write what was granted, and nothing else',
  async () => {
    const { plugin, workspace } = await tries(({ path }) => ({ read: [path('in')], write: [] }));
    expect(await plugin.read?.(workspace.path('in/a.txt'))).toBe('inside');
    for (const path of ['out/a.txt', 'in-beside.txt', 'in/../out/a.txt'])
      await expect(plugin.read?.(workspace.path(path))).rejects.toMatchObject(DENIED);
    await expect(plugin.read?.('/proc/self/environ')).rejects.toMatchObject(DENIED);
    await expect(plugin.write?.(workspace.path('in/b.txt'))).rejects.toMatchObject(DENIED);
    expect(existsSync(workspace.path('in/b.txt'))).toBe(false);
    expect(await plugin.job?.(workspace.path('in/a.txt'))).toBe('inside');
    await expect(plugin.job?.(workspace.path('out/a.txt'))).rejects.toMatchObject(DENIED);
    // What was not mentioned is not managed.
    expect(await plugin.spawn?.()).toBe('out\n');
    expect(await plugin.listen?.()).toBe('open');
  },
);

it.runIf(ISOLATION === 'process')('grants what is in a directory that is made later', async () => {
  const { plugin, workspace } = await tries(({ path }) => ({
    read: [path('later')],
    write: [path('later')],
  }));
  mkdirSync(workspace.path('later'));
  await plugin.write?.(workspace.path('later/a.txt'));
  expect(await plugin.read?.(workspace.path('later/a.txt'))).toBe('x');
  await expect(plugin.write?.(workspace.path('later-beside.txt'))).rejects.toMatchObject(DENIED);
});

it.runIf(ISOLATION === 'process')('grants files that are made later beside each other', async () => {
  const files = ['x.db', 'x.db-wal', 'x.db-journal'];
  const { plugin, workspace } = await tries(({ path }) => {
    const paths = files.map((file) => path(file));
    return { read: paths, write: paths };
  });
  for (const file of files) {
    await plugin.write?.(workspace.path(file));
    expect(await plugin.read?.(workspace.path(file))).toBe('x');
  }
});

it.runIf(ISOLATION === 'process')(
  'names the package that a plugin may not read, and the option',
  async () => {
    const workspace = await Workspace.create({
      'plugins/a.ts': `import 'pack';\n${pluginSource('a', '')}`,
      'node_modules/pack/index.js': '',
    });
    const plugins = { a: { permissions: { read: [] } } };
    const { manager } = benchIn(workspace, { hotReload: false, plugins });
    const { failed } = await manager.loadAll();
    const file = workspace.path('node_modules/pack/index.js');
    expect(failed).toMatchObject([
      {
        error: {
          message: expect.stringContaining(`(FileSystemRead of ${file}; the plugin's 'permissions' can`),
        },
      },
    ]);
  },
);

it('runs jobs of a plugin that may not start threads of its own', async () => {
  const { plugin, workspace } = await tries(() => ({ worker: [] }));
  expect(await plugin.job?.(workspace.path('in/a.txt'))).toBe('inside');
});

it.runIf(ISOLATION === 'process')(
  'keeps the builds of the other plugins from one that may read nothing, also where the temporary directory is a link',
  async () => {
    const workspace = await Workspace.create({
      'plugins/tries.ts': TRIES,
      'plugins/secret.ts': pluginSource('secret', ''),
      'tmp/none': '',
    });
    symlinkSync(workspace.path('tmp'), workspace.path('link'));
    vi.stubEnv('TMPDIR', workspace.path('link'));
    onTestFinished(() => void vi.unstubAllEnvs());
    const { manager } = benchIn(workspace, {
      hotReload: false,
      plugins: { tries: { permissions: { read: [] } } },
    });
    expect((await manager.loadAll()).failed).toEqual([]);
    const [folder = ''] = readdirSync(workspace.path('tmp'));
    const builds = workspace.path('tmp', folder, 'secret');
    const [build = ''] = readdirSync(builds).filter((name) => name.endsWith('.mjs'));
    const plugin = manager.plugin<Api>('tries') as unknown as Api;
    expect(await plugin.own?.()).toBe('own');
    await expect(plugin.read?.(`${builds}/${build}`)).rejects.toMatchObject(DENIED);
  },
);

it('does not manage what is absent, and denies what is []', async () => {
  const free = await tries(() => undefined);
  expect(await free.plugin.read?.(free.workspace.path('out/a.txt'))).toBe('outside');
  const { plugin, workspace } = await tries(() => ({ childProcess: [], worker: false, addons: false }));
  expect(await plugin.read?.(workspace.path('out/a.txt'))).toBe('outside');
  await plugin.write?.(workspace.path('in/b.txt'));
  const denied = { message: expect.stringMatching(/permissions\.(childProcess|worker)|restricted/) };
  await expect(plugin.spawn?.()).rejects.toMatchObject(denied);
  await expect(plugin.thread?.()).rejects.toMatchObject(denied);
});

it.runIf(ISOLATION === 'thread')(
  'refuses to load modules that are not granted, and names the permission',
  async () => {
    const { plugin } = await tries(() => ({ net: [], childProcess: [], worker: [] }));
    for (const [call, permission] of [
      ['spawn', 'permissions.childProcess'],
      ['thread', 'permissions.worker'],
      ['listen', 'permissions.net'],
      ['fetch', 'permissions.net'],
    ] as const) {
      await expect(plugin[call]?.()).rejects.toMatchObject({
        code: 'ERR_PERMISSION_DENIED',
        message: expect.stringContaining(permission),
      });
    }
    const source = `import { request } from 'node:https';\n${pluginSource('asks', 'return { request };')}`;
    const { manager } = await bench(
      { 'asks.ts': source },
      { hotReload: false, plugins: { asks: { permissions: { net: false } } } },
    );
    const { failed } = await manager.loadAll();
    expect(failed[0]?.error.message).toContain("may not load 'node:https': permissions.net is not granted");
  },
);

it.runIf(ISOLATION === 'thread')(
  'keeps the inspector from a plugin in a thread, however it asks',
  async () => {
    const { plugin } = await tries(() => undefined);
    const denied = { code: 'ERR_PERMISSION_DENIED', message: expect.stringContaining('node:inspector') };
    await expect(plugin.inspect?.()).rejects.toMatchObject(denied);
    if ('registerHooks' in (await import('node:module')))
      await expect(plugin.load?.('node:inspector')).rejects.toMatchObject(denied);
    for (const line of [
      `import { Session } from 'node:inspector'; new Session();`,
      `import * as i from 'inspector/promises'; i.console;`,
    ]) {
      const { manager } = await bench({ 'a.ts': `${line}\n${pluginSource('a', '')}` }, { hotReload: false });
      const { failed } = await manager.loadAll();
      expect(failed[0]?.error.message).toContain('may not load');
    }
  },
);

it.runIf(ISOLATION === 'process')(
  'keeps modules that go around the permissions for files from a plugin that has some',
  async () => {
    const { plugin } = await tries(() => ({ read: [], write: [] }));
    const denied = { code: 'ERR_PERMISSION_DENIED', message: expect.stringContaining('permissions.read') };
    expect(await plugin.own?.()).toBe('own');
    await expect(plugin.binding?.()).rejects.toMatchObject(DENIED);
    if ('registerHooks' in (await import('node:module'))) {
      await expect(plugin.load?.('node:sqlite')).rejects.toMatchObject(denied);
      await expect(plugin.load?.('node:wasi')).rejects.toMatchObject(denied);
    }
  },
);

it.runIf(ISOLATION === 'process')(
  'refuses roots with links that lead out, and takes those whose links stay inside',
  async () => {
    const { failed, workspace } = await tries(({ path }) => {
      symlinkSync(path('out'), path('in/deep-link'));
      return { read: [path('in')] };
    });
    expect(failed[0]?.error).toMatchObject({
      code: 'ERR_PERMISSIONS',
      message: expect.stringContaining(`'${workspace.path('in/deep-link')}' leads out`),
    });
    const later = await tries(({ path }) => {
      symlinkSync('../nowhere/../out/not-yet', path('in/dangling'));
      return { write: [path('in')] };
    });
    expect(later.failed[0]?.error.message).toContain(
      `'${later.workspace.path('in/dangling')}' leads out, to '${later.workspace.path('out/not-yet')}'`,
    );
    const inside = await tries(({ path }) => {
      symlinkSync(path('in/a.txt'), path('in/same'));
      symlinkSync('not-yet', path('in/dangling'));
      symlinkSync('circle', path('in/circle'));
      return { read: [path('in')] };
    });
    expect(inside.failed).toEqual([]);
    expect(await inside.plugin.read?.(inside.workspace.path('in/same'))).toBe('inside');
  },
);

it.runIf(ISOLATION === 'thread')(
  'refuses to load a plugin in a thread whose files are to be managed',
  async () => {
    const { failed } = await tries(({ path }) => ({ read: [path('in')] }));
    expect(failed[0]?.error).toMatchObject({
      code: 'ERR_PERMISSIONS',
      message: expect.stringContaining("it needs isolation: 'process'"),
    });
  },
);

it('refuses to load what this Node cannot enforce, in a process', async () => {
  const { manager } = await bench(
    { 'tries.ts': TRIES },
    { hotReload: false, defaults: { isolation: 'process', permissions: { net: [] } } },
  );
  const { failed } = await manager.loadAll();
  if (process.allowedNodeEnvironmentFlags.has('--allow-net')) {
    expect(failed).toEqual([]);
    await expect((manager.plugin<Api>('tries') as unknown as Api).listen?.()).rejects.toMatchObject(DENIED);
  } else {
    expect(failed[0]?.error).toMatchObject({
      code: 'ERR_PERMISSIONS',
      message: expect.stringContaining('cannot enforce it'),
    });
  }
});

it('says that it cannot know where a plugin with permissions is stuck, and ends it', async () => {
  const source = pluginSource('spins', 'return { spin: () => { for (;;); } };');
  const { manager, next } = await loadedBench(
    { 'spins.ts': source },
    { hotReload: false, defaults: { isolation: ISOLATION, hangMs: 1_000, permissions: { worker: [] } } },
  );
  await expect(manager.cpuProfile('spins', 50)).rejects.toThrow();
  const hung = next('hung');
  await expect(Promise.resolve(manager.plugin<{ spin(): void }>('spins').spin())).rejects.toThrow();
  expect((await hung).text).toMatch(
    /Where it is stuck is not known, since its permissions keep the inspector out$/,
  );
});

it.runIf(ISOLATION === 'process')(
  'makes modules of no files but those in the directory of plugins and those that may be read',
  async () => {
    const importing = (name: string, file: string) =>
      `import { text } from '${file}';\n${pluginSource(name, 'return { text: () => text };')}`;
    const workspace = await Workspace.create({
      'in/a.json': '{ "text": "inside" }',
      'out/a.json': '{ "text": "outside" }',
      'out/job.mjs': `export default () => 'outside';`,
      'plugins/_shared/a.json': '{ "text": "shared" }',
      'plugins/allowed.mjs': importing('allowed', '../in/a.json'),
      'plugins/shared.mjs': importing('shared', './_shared/a.json'),
      'plugins/relative.mjs': importing('relative', '../out/a.json'),
      'plugins/linked/index.mjs': importing('linked', './a.json'),
      'plugins/job.mjs': pluginSource(
        'job',
        `return { text: () => ctx.offload(new URL('../out/job.mjs', import.meta.url)) };`,
      ),
    });
    await workspace.write({ 'plugins/absolute.mjs': importing('absolute', workspace.path('out/a.json')) });
    symlinkSync(workspace.path('out/a.json'), workspace.path('plugins/linked/a.json'));
    const { manager } = benchIn(workspace, {
      hotReload: false,
      defaults: { permissions: { read: [workspace.path('in')] } },
    });
    const { failed } = await manager.loadAll();
    expect(failed.map(({ name }) => name).sort()).toEqual(['absolute', 'linked', 'relative']);
    for (const { error } of failed) {
      expect(error).toMatchObject({ code: 'ERR_PLUGIN_BUILD' });
      expect(error.message).toContain(
        "out/a.json' is not in the directory of the plugin, and permissions.read",
      );
    }
    const text = (name: string) => manager.plugin<{ text(): string }>(name).text();
    expect([await text('allowed'), await text('shared')]).toEqual(['inside', 'shared']);
    await expect(text('job')).rejects.toMatchObject({ code: 'ERR_OFFLOAD' });
  },
);
