import type { Slot } from '../isolate/slot.ts';
import type { ResolvedOptions } from '../options.ts';
import { adopt } from '../reload/adopt.ts';
import { changedSince } from '../reload/changed-since.ts';
import { Failures } from '../reload/failures.ts';
import { HotReloadWatcher } from '../reload/hot-reload.ts';
import { Limiter } from '../reload/limiter.ts';
import { Look } from '../reload/look.ts';
import { Operations } from '../reload/operations.ts';
import { Preparation } from '../reload/prepare.ts';
import { checkRoom } from '../reload/room.ts';
import { Transactions } from '../reload/transaction.ts';
import type { Build } from '../source/build.ts';
import { movedTo } from '../source/discover.ts';
import { endHung } from '../supervise/hang-report.ts';
import { MemoryGuard } from '../supervise/memory-guard.ts';
import { Supervisor } from '../supervise/supervisor.ts';
import { Watchdog } from '../supervise/watchdog.ts';
import { foundation } from './foundation.ts';
import { slotHost } from './slot-host.ts';

/** All that a manager consists of. */
export type Parts = ReturnType<typeof assemble>;

/** Makes all parts, and gives each what it needs of the others. */
export function assemble(options: ResolvedOptions) {
  const base = foundation(options);
  const { bot, builds, crashFiles, disabled, openness, report, schedules, standbys, table } = base;
  // What is left of a build goes with its directory.
  const discard = (build: Build) => void builds.discard(build).catch(() => {});
  const freed = (slot: Slot) => {
    if (openness.isOpen) look.retryBlockedBy(slot);
  };
  const isWatching = () => hotReload.isEnabled;
  const supervisor = new Supervisor({
    report,
    restart: async (slot) => {
      if (openness.isOpen) await operations.restart(slot);
    },
  });
  const failures = new Failures({
    supervisor,
    report,
    isWatching,
    crashed: (slot, crash) => crashFiles?.write(slot.id, crash),
    freed,
  });
  const memory = new MemoryGuard({
    recycle: (...what) => void operations.recycle(...what),
    overridden: ({ name }, text) => report('log', { name, level: 'warn', fields: {}, text }),
  });
  const watchdog = new Watchdog({
    hung: (generation, hangMs) => endHung(generation, hangMs, report),
    looked: (slot, generation) => memory.look(slot, generation, generation.usage),
  });
  const preparation = new Preparation({
    standbys,
    buildDirectory: (slot) => builds.of(slot.id),
    lookAgain: (inMs) => hotReload.lookAgain(inMs),
    movedTo: (slot) => movedTo(slot, options.pluginDirs),
    botFunctions: bot.names,
    checkRoom: (slot) => {
      openness.check();
      checkRoom(table, slot, options.maxPlugins);
    },
    table,
    discard,
    watch(slot, generation) {
      watchdog.watch(slot, generation);
      generation.onLowHeap((signs) => memory.look(slot, generation, signs));
    },
  });
  const { early: earlyBuilds } = preparation.builder;
  const transactions = new Transactions({
    preparation,
    schedules,
    report,
    forgetCrashes: (slot) => supervisor.forgetCrashes(slot),
    table,
    discard,
  });
  const operations: Operations = new Operations({
    transactions,
    supervisor,
    failures,
    limiter: new Limiter(options.concurrency),
    setDisabled: (slot, isDisabled) => disabled.set(slot.id, isDisabled),
    forget: (slot) => {
      table.remove(slot);
      earlyBuilds.drop(slot);
      for (const build of slot.builds) discard(build);
    },
    freed,
    settled: () => {
      if (!openness.isOpen) return;
      standbys.refill();
      hotReload.inputsChanged();
    },
  });
  const adoption = { table, disabled, settings: base.settings, slotHost: slotHost(base, failures) };
  const look: Look = new Look({
    directories: options.pluginDirs,
    table,
    operations,
    earlyBuilds,
    adopt: (found) => adopt(adoption, found),
    report,
    warn: (text) => report('watch', { name: 'hotReload', mode: hotReload.mode, level: 'warn', text }),
    lookAgain: (inMs) => hotReload.lookAgain(inMs),
    quietMs: options.hotReload.debounceMs,
    isWatching,
  });
  const hotReload: HotReloadWatcher = new HotReloadWatcher(options.hotReload, {
    checkOpen: () => openness.check(),
    roots: options.pluginDirs,
    look: (hints, since) => look.act(hints, since),
    changedSince: (since) => changedSince(since, table.inputs(), options.pluginDirs),
    anticipate: (hints) => look.anticipate(hints),
    forgo: () => earlyBuilds.dropAll(),
    outOfDate: () => look.outOfDate(),
    inputs: () => table.inputs(),
    watching: (mode, level, text) => report('watch', { name: 'hotReload', mode, level, text }),
  });
  return { ...base, options, operations, look, hotReload, earlyBuilds };
}
