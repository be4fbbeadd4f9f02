import { resolve } from 'node:path';
import { asError } from '../errors.ts';
import { Deadlines } from '../isolate/deadlines.ts';
import { OffloadPools } from '../isolate/offload-pools.ts';
import { Standbys } from '../isolate/standby.ts';
import { isolateStarter, specOf } from '../isolate/start-isolate.ts';
import { type ResolvedOptions, resolvePluginOptions } from '../options.ts';
import { BotFunctions } from '../platform/bot-functions.ts';
import { Bus } from '../platform/bus.ts';
import { Commands } from '../platform/commands.ts';
import { CrashFiles } from '../platform/crash-files.ts';
import { defaultLogger } from '../platform/default-logger.ts';
import { DiagnosticFiles } from '../platform/diagnostic-files.ts';
import { DisabledPlugins } from '../platform/disabled-plugins.ts';
import { guardedStore } from '../platform/guarded-store.ts';
import { PluginSettings } from '../platform/plugin-settings.ts';
import { Reports } from '../platform/reports.ts';
import { Schedules } from '../platform/schedule.ts';
import { memoryStateStore } from '../platform/state-store.ts';
import { PluginTable } from '../reload/plugin-table.ts';
import { BuildDirectory } from '../source/build-directory.ts';
import type { Report } from '../status.ts';
import { noteZombie } from '../supervise/note-zombie.ts';
import { makeLoopsEndable } from '../v8-flags.ts';
import { Openness } from './openness.ts';

export type Foundation = ReturnType<typeof foundation>;

/** What all plugins share: where they are listed, what they run on, and what they speak through. */
export function foundation(options: ResolvedOptions) {
  const settings = new PluginSettings(options);
  const bot = new BotFunctions(options.bot);
  const reports = new Reports(options.logger ?? defaultLogger());
  const report: Report = (event, data) => reports.report(event, data);
  const table = new PluginTable();
  const openness = new Openness(table);
  const builds = new BuildDirectory();
  const store = guardedStore(options.stateStore ?? memoryStateStore(), (error, text) =>
    reports.error(error, text),
  );
  if (options.setV8Flags) makeLoopsEndable();
  const start = isolateStarter(options.setV8Flags, () => builds.processFolder());
  return {
    settings,
    bot,
    reports,
    report,
    table,
    openness,
    builds,
    store,
    disabled: new DisabledPlugins(store, openness.patience),
    standbys: new Standbys(
      options.standbys,
      specOf(resolvePluginOptions(undefined, options.defaults)),
      start,
    ),
    pools: new OffloadPools(builds, (...zombie) => noteZombie(report, ...zombie)),
    bus: new Bus(() => table),
    commands: new Commands(() => table),
    schedules: new Schedules(),
    deadlines: new Deadlines(),
    diagnostics: new DiagnosticFiles(),
    crashFiles: crashFilesIn(options.crashDir, report),
  };
}

function crashFilesIn(directory: string | undefined, report: Report): CrashFiles | undefined {
  if (directory === undefined) return undefined;
  return new CrashFiles(resolve(directory), ({ plugin }, err) => {
    const text = `The report of the crash could not be written: ${asError(err).message}`;
    report('log', { name: plugin, level: 'error', fields: { err }, text });
  });
}
