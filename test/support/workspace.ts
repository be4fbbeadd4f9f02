import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import {
  type Logger,
  PluginManager,
  type PluginManagerOptions,
  type StatusEvents,
  type StatusName,
} from 'bulkhead';
import { onTestFinished } from 'vitest';

/** Where the plugins of a test run, unless it says so itself. */
export const ISOLATION = process.env.TEST_ISOLATION === 'process' ? 'process' : 'thread';

/** Files of a test, by path below a fresh directory. */
export type Files = Record<string, string | Buffer>;

export interface LogLine {
  level: string;
  text: string;
  fields: Record<string, unknown>;
}

/** A fresh directory with files in it, removed when the test ends. */
export class Workspace {
  readonly root: string;

  private constructor(root: string) {
    this.root = root;
  }

  static async create(files: Files = {}): Promise<Workspace> {
    const workspace = new Workspace(await realpath(await mkdtemp(join(tmpdir(), 'bulkhead-test-'))));
    onTestFinished(() => rm(workspace.root, { recursive: true, force: true }));
    await workspace.write(files);
    return workspace;
  }

  readonly path = (...parts: string[]): string => join(this.root, ...parts);

  async write(files: Files): Promise<void> {
    for (const [name, content] of Object.entries(files)) {
      const path = this.path(name);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, content);
    }
  }
}

/** A manager on `plugins/` of a workspace, what it logged, and every status event it reported. Unloaded when the test ends. */
export interface Bench {
  workspace: Workspace;
  manager: PluginManager;
  log: LogLine[];
  /** All events of one kind so far. */
  seen<K extends StatusName>(status: K): StatusEvents[K][];
  /** Resolves with the next event of this kind (that matches). Ask before you cause it. */
  next<K extends StatusName>(
    status: K,
    matches?: (event: StatusEvents[K]) => boolean,
  ): Promise<StatusEvents[K]>;
}

const STATUSES: StatusName[] = [
  'loaded',
  'unloaded',
  'reloaded',
  'reload-failed',
  'unchanged',
  'crashed',
  'hung',
  'recycled',
  'restarting',
  'quarantined',
  'zombie',
  'dropped',
  'dead-letter',
  'log',
  'watch',
];

/** Short quiet time, so that tests of reloads are quick; long enough for an editor's several writes. */
export const DEBOUNCE_MS = 40;

export async function bench(plugins: Files, options: Partial<PluginManagerOptions> = {}): Promise<Bench> {
  const files = Object.fromEntries(
    Object.entries(plugins).map(([name, content]) => [`plugins/${name}`, content]),
  );
  const workspace = await Workspace.create(files);
  return benchIn(workspace, options);
}

/** A bench of which everything is loaded, as far as it can be. */
export async function loadedBench(...args: Parameters<typeof bench>): Promise<Bench> {
  const made = await bench(...args);
  await made.manager.loadAll();
  return made;
}

export function benchIn(workspace: Workspace, options: Partial<PluginManagerOptions> = {}): Bench {
  const log: LogLine[] = [];
  const write =
    (level: string) =>
    (fields: object, text = '') =>
      void log.push({ level, text, fields: fields as Record<string, unknown> });
  const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'];
  const logger = Object.fromEntries(levels.map((level) => [level, write(level)])) as unknown as Logger;
  const manager = new PluginManager({
    pluginDir: workspace.path('plugins'),
    logger,
    hotReload: { debounceMs: DEBOUNCE_MS },
    ...options,
    defaults: { isolation: ISOLATION, ...options.defaults },
  });
  onTestFinished(() => manager.unloadAll());
  const seen = new Map<StatusName, unknown[]>(STATUSES.map((status) => [status, []]));
  for (const status of STATUSES) manager.on(status, (event) => seen.get(status)?.push(event));
  return {
    workspace,
    manager,
    log,
    seen: <K extends StatusName>(status: K) => seen.get(status) as StatusEvents[K][],
    next: (status, matches = () => true) =>
      new Promise((resolve) => {
        const off = manager.on(status, (event) => {
          if (!matches(event)) return;
          off();
          resolve(event);
        });
      }),
  };
}

const LOOK_MS = 3;

/** Waits until a condition holds; fails with what it last saw. */
export async function until<T>(
  condition: () => T | Promise<T>,
  what = 'the condition',
  timeoutMs = 25_000,
): Promise<NonNullable<T>> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    const value = await condition();
    if (value) return value as NonNullable<T>;
    if (performance.now() > end) throw new Error(`${what} did not come true within ${timeoutMs} ms`);
    // Looking all the time would take from the plugins what they need to make it true.
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

/** Keeps this process, the host, from doing anything, without taking a core from the plugins. */
export function standStill(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/** The source of a plugin: its `setup` body, and other fields of its definition. */
export function pluginSource(name: string, setup: string, fields = ''): string {
  return `import { definePlugin } from 'bulkhead/plugin';
export default definePlugin({
  name: '${name}', version: '1.0.0', ${fields}
  setup(ctx) {
    ${setup}
  },
});
`;
}
