import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { isRunning } from '../support/processes.ts';
import { pluginSource, until, Workspace } from '../support/workspace.ts';

it.each([
  ['waits', ''],
  ['is in an endless loop', 'for (;;);'],
  ['is stuck in a system call', `execFileSync('sleep', ['600']);`],
])('a process whose plugin %s ends soon after the death of its host', async (_what, stuck) => {
  const source = pluginSource(
    'stuck',
    `return { pid: () => process.pid, stick: (file: string) => { setTimeout(() => { writeFileSync(file, ''); ${stuck} }, 0); } };`,
  );
  const workspace = await Workspace.create({
    'plugins/stuck.ts': `import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
${source}`,
  });
  const program = fileURLToPath(new URL('children/host.mjs', import.meta.url));
  const host = spawn(process.execPath, [program, workspace.path('plugins'), workspace.path('sticking')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(host.stdout, 'data')) as [Buffer];
  const pid = Number(line.toString());
  expect(pid).toBeGreaterThan(0);
  await until(() => existsSync(workspace.path('sticking')), 'the last thing it does');
  host.kill('SIGKILL');
  await once(host, 'exit');
  await until(() => !isRunning(pid), 'the end of the process');
});
