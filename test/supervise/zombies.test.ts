import { execFileSync } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { expect, it } from 'vitest';
import { benchIn, ISOLATION, pluginSource, until, Workspace } from '../support/workspace.ts';

interface Stuck {
  stick(): void;
  die(): void;
}

it.runIf(ISOLATION === 'thread')(
  'no longer counts a thread that was stuck outside JavaScript once it has ended after all',
  async () => {
    const workspace = await Workspace.create();
    // It ends at the latest with the directory of the test.
    const script = `while [ -d '${workspace.root}' ] && [ ! -e '${workspace.path('enough')}' ]; do sleep 0.05; done`;
    const setup = `return {
      stick: () => { execFileSync('sh', ['-c', ${JSON.stringify(script)}]); },
      die: () => process.exit(1),
    };`;
    await workspace.write({
      'plugins/stuck.ts': `import { execFileSync } from 'node:child_process';\n${pluginSource('stuck', setup)}`,
    });
    const { manager, seen } = benchIn(workspace, {
      hotReload: false,
      defaults: { hangMs: 1_000, restart: { initialDelayMs: 60_000, maxCrashes: 1_000, maxZombies: 1 } },
    });
    await manager.loadAll();
    const plugin = manager.plugin<Stuck>('stuck');
    const stateAfterCrash = async () => {
      await manager.enable('stuck');
      await expect(plugin.die()).rejects.toMatchObject({ reason: 'exit' });
      return until(() => manager.get('stuck')?.state.replace('running', ''), 'what follows the crash');
    };
    await expect(plugin.stick()).rejects.toMatchObject({ reason: 'hung' });
    await until(() => seen('quarantined').length > 0, 'the quarantine');
    expect(await stateAfterCrash()).toBe('quarantined');
    expect(seen('quarantined').map(({ zombies }) => zombies)).toEqual([1, 1]);
    await workspace.write({ enough: '' });
    await until(async () => (await stateAfterCrash()) === 'backoff', 'the end of the thread');
    expect(seen('zombie')).toEqual([{ name: 'stuck', generation: 1 }]);
  },
);

it.runIf(ISOLATION === 'thread')(
  'counts a job that is stuck outside JavaScript as such a thread',
  async () => {
    const workspace = await Workspace.create();
    const script = `while [ -d '${workspace.root}' ]; do sleep 0.05; done`;
    await workspace.write({
      'plugins/busy/job.ts': `import { execFileSync } from 'node:child_process';
      import { writeFileSync } from 'node:fs';
      export default () => { writeFileSync(${JSON.stringify(workspace.path('began'))}, ''); execFileSync('sh', ['-c', ${JSON.stringify(script)}]); };`,
      'plugins/busy/index.ts': pluginSource(
        'busy',
        `return {
        work: () => { void ctx.offload(new URL('./job.ts', import.meta.url)).catch(() => {}); },
        die: () => process.exit(1),
      };`,
      ),
    });
    const { manager, next, seen } = benchIn(workspace, {
      hotReload: false,
      defaults: { restart: { initialDelayMs: 1, maxZombies: 1, retryMs: 0 } },
    });
    await manager.loadAll();
    const plugin = manager.plugin<{ work(): void; die(): void }>('busy');
    await plugin.work();
    await until(() => existsSync(workspace.path('began')), 'the job');
    const zombie = next('zombie');
    await manager.reload('busy');
    expect(await zombie).toEqual({ name: 'busy', generation: 1 });
    await expect(plugin.die()).rejects.toMatchObject({ reason: 'exit' });
    await until(() => seen('quarantined').length > 0, 'the quarantine');
    expect(seen('quarantined')[0]).toMatchObject({ zombies: 1, crashes: 1 });
  },
);

it.runIf(ISOLATION === 'thread')(
  'unloads everything although a plugin keeps all threads that Node has for files busy',
  async () => {
    const workspace = await Workspace.create();
    const pipe = workspace.path('pipe');
    execFileSync('mkfifo', [pipe]);
    const setup = `return { hog: () => { for (let n = 0; n < 32; n++) void open(${JSON.stringify(pipe)}); } };`;
    await workspace.write({
      'plugins/hog.mjs': `import { open } from 'node:fs/promises';\n${pluginSource('hog', setup)}`,
    });
    await workspace.write({ 'plugins/other.mjs': pluginSource('other', '') });
    const { manager } = benchIn(workspace);
    await manager.loadAll();
    await manager.unload('other');
    await manager.plugin<{ hog(): void }>('hog').hog();
    const load = manager.load('other').catch((error: unknown) => error);
    await until(() => manager.get('other')?.state === 'preparing', 'a build that waits for files');
    try {
      await manager.unloadAll();
    } finally {
      // Whoever waits to read goes on as soon as somebody may write.
      closeSync(openSync(pipe, 'r+'));
    }
    expect(await load).toMatchObject({ code: 'ERR_PLUGIN_STOPPED' });
    expect(manager.list()).toEqual([]);
  },
);
