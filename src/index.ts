export {
  BulkheadError,
  ERROR_CODES,
  type ErrorCode,
  PluginCrashedError,
  PluginReloadedError,
  PluginStoppedError,
} from './errors.ts';
export { PLUGIN_STATES, type PluginState, TRANSITIONS } from './lifecycle.ts';
export type { LoadAllResult } from './manager/load-all.ts';
export type { PluginInfo } from './manager/plugin-info.ts';
export { PluginManager } from './manager.ts';
export type {
  HotReloadOptions,
  Logger,
  PluginManagerOptions,
  PluginOptions,
  RestartOptions,
  StateStore,
  StoredState,
} from './options.ts';
export type { Permissions } from './permissions.ts';
export type { EmitResult } from './platform/bus.ts';
export type { CommandInfo, CommandOutcome, CommandSource, Commands } from './platform/commands.ts';
export { memoryStateStore } from './platform/state-store.ts';
export type { HotReloadWatcher, WatchMode } from './reload/hot-reload.ts';
export type { Remote } from './runtime/api.ts';
export type {
  CrashReason,
  CrashReport,
  DeadLetterReason,
  LogLevel,
  LogLine,
  PluginUsage,
  RecycleReason,
  Stage,
  StatusEvents,
  StatusListener,
  StatusName,
} from './status.ts';
