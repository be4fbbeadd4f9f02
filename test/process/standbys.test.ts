import { existsSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { currentValue, valued } from '../reload/values.ts';
import { benchIn, Workspace } from '../support/workspace.ts';

it.skipIf(process.platform === 'win32')(
  'loads a new version although the standby that was to load it ends before it has booted',
  async () => {
    const workspace = await Workspace.create({
      'plugins/a.ts': valued('a', 1),
      // In the place of Node: it ends as soon as anything is asked of it.
      'standby.sh': '#!/bin/sh\nhead -c 1 <&3 >/dev/null\nexit 1\n',
    });
    await chmod(workspace.path('standby.sh'), 0o755);
    const crashDir = workspace.path('crashes');
    const options = { hotReload: false, defaults: { isolation: 'process' }, crashDir } as const;
    const { manager, log, seen } = benchIn(workspace, options);
    const { execPath } = process;
    // Then the plugin has its process, and the standby is not started yet.
    manager.on('loaded', () => {
      process.execPath = workspace.path('standby.sh');
    });
    await manager.loadAll();
    process.execPath = execPath;
    await workspace.write({ 'plugins/a.ts': valued('a', 2) });
    await manager.reload('a');
    expect(await currentValue(manager, 'a')).toBe(2);
    expect(manager.get('a')).toMatchObject({ generation: 2, crashes: 0, lastError: undefined });
    expect(seen('reload-failed')).toEqual([]);
    expect(log.filter(({ level }) => level === 'warn').map(({ text }) => text)).toEqual([
      expect.stringMatching(
        /exited with code 1\. It had not loaded anything by then, and is started once more$/,
      ),
    ]);
    await manager.unloadAll();
    expect(existsSync(crashDir)).toBe(false);
  },
);
