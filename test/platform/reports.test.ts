import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { utimes } from 'node:fs/promises';
import type { Logger, StatusName } from 'bulkhead';
import { expect, it, onTestFinished } from 'vitest';
import { bench, pluginSource } from '../support/workspace.ts';

const DRIVEN = [
  'crashed',
  'dead-letter',
  'loaded',
  'log',
  'reload-failed',
  'reloaded',
  'restarting',
  'unchanged',
  'unloaded',
] as const satisfies StatusName[];

it('reports on diagnostics_channel whatever it tells a listener, the same events in the same order', async () => {
  const source = pluginSource(
    'mortal',
    `ctx.on('job', async () => { ctx.log.info('begun'); await ctx.bot.begun(); process.exit(1); });`,
  );
  const { manager, workspace, next } = await bench(
    { 'mortal.ts': source },
    { bot: { begun: () => {} }, defaults: { restart: { initialDelayMs: 1 } } },
  );
  const told: [name: string, event: unknown][] = [];
  const published: [name: string, event: unknown][] = [];
  for (const status of DRIVEN) {
    manager.on(status, (event) => told.push([status, event]));
    const listener = (event: unknown) => void published.push([status, event]);
    subscribe(`bulkhead:${status}`, listener);
    onTestFinished(() => void unsubscribe(`bulkhead:${status}`, listener));
  }
  await manager.loadAll();
  const file = workspace.path('plugins/mortal.ts');
  const unchanged = next('unchanged');
  await utimes(file, new Date(), new Date());
  await unchanged;
  const failed = next('reload-failed');
  await workspace.write({ 'plugins/mortal.ts': 'not a {' });
  await failed;
  const reloaded = next('reloaded');
  await workspace.write({ 'plugins/mortal.ts': `${source}// new` });
  await reloaded;
  const restarted = next('loaded');
  await manager.emit('job', 1);
  await restarted;
  await manager.unload('mortal');
  expect([...new Set(told.map(([status]) => status))].sort()).toEqual(DRIVEN);
  expect(published).toEqual(told);
  for (const [index, [, event]] of published.entries()) expect(event).toBe(told[index]?.[1]);
});

it('logs what a listener throws or rejects with, and goes on', async () => {
  const { manager, log } = await bench({ 'plain.ts': pluginSource('plain', '') });
  const unhandled: unknown[] = [];
  const note = (error: unknown) => void unhandled.push(error);
  process.on('unhandledRejection', note);
  onTestFinished(() => void process.off('unhandledRejection', note));
  manager.on('loaded', () => {
    throw new Error('at once');
  });
  manager.on('loaded', async () => {
    throw new Error('in its own time');
  });
  expect(await manager.loadAll()).toMatchObject({ loaded: ['plain'] });
  const logged = () => log.filter(({ text }) => text === "A listener of 'loaded' threw");
  await expect
    .poll(() => logged().map(({ fields }) => String(fields.err)))
    .toEqual(['Error: at once', 'Error: in its own time']);
  await manager.unloadAll();
  expect(unhandled).toEqual([]);
});

it('goes on with a logger that throws or rejects', async () => {
  const unhandled: unknown[] = [];
  const note = (error: unknown) => void unhandled.push(error);
  process.on('unhandledRejection', note);
  onTestFinished(() => void process.off('unhandledRejection', note));
  const fails = () => {
    throw new Error('disk full');
  };
  const rejects = async () => fails();
  const logger: Logger = {
    trace: fails,
    debug: rejects,
    info: rejects,
    warn: fails,
    error: fails,
    fatal: fails,
  };
  const { manager } = await bench({ 'plain.ts': pluginSource('plain', `console.error('hi');`) }, { logger });
  expect(await manager.loadAll()).toMatchObject({ loaded: ['plain'] });
  await manager.reload('plain');
  await manager.unloadAll();
  expect(unhandled).toEqual([]);
});
