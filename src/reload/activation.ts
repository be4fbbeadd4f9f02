import { BulkheadError, PluginCrashedError } from '../errors.ts';
import type { Generation } from '../isolate/generation.ts';
import type { Slot } from '../isolate/slot.ts';
import type { Schedules } from '../platform/schedule.ts';
import type { Build } from '../source/build.ts';
import type { Stage } from '../status.ts';
import { alreadyThatOf, block, type PluginTable } from './plugin-table.ts';
import { checkName, migrate, type Prepared } from './prepare.ts';
import { TransactionError } from './transaction-error.ts';

export interface ActivationHost {
  readonly schedules: Schedules;
  readonly table: PluginTable;
  /** A build is in use no longer. */
  discard(build: Build): void;
}

/**
 * Migrates the state for good, sets the generation up, and lets it serve. If anything fails, the generation is ended; the
 * state is the caller's to put back.
 *
 * @param beforeServing runs between the end of setup and the moment it serves
 */
export async function activate(
  host: ActivationHost,
  slot: Slot,
  { generation, build }: Prepared,
  beforeServing: () => Promise<void> = async () => {},
): Promise<void> {
  slot.next = generation;
  slot.lastGeneration = generation.number;
  let stage: Stage = 'migrate';
  try {
    slot.throwIfStopping();
    await migrateForGood(slot, generation);
    stage = 'setup';
    await slot.withinStartMs(
      generation.steps.setup(slot.state.entries()),
      'ERR_PLUGIN_SETUP_TIMEOUT',
      `Plugin '${slot.name}' did not finish setup`,
      '. Does setup() wait for something that never comes?',
    );
    await beforeServing();
    // Once more: another plugin may have come to serve under that name since this one was loaded.
    checkName(host.table, slot, generation);
    checkCommands(host.table, slot, generation);
    generation.throwIfEnded();
    if (!generation.isAlive) throw await diedEarly(slot, generation);
  } catch (error) {
    slot.next = undefined;
    generation.fence();
    generation.end({ kind: 'requested', text: 'its setup failed' });
    if (!slot.builds.includes(build)) host.discard(build);
    throw new TransactionError(stage, slot, build, error);
  }
  const { name } = slot;
  slot.serve(generation);
  if (slot.name !== name) host.table.renamed(slot, name);
  host.table.shareCommands(slot, generation);
  host.schedules.start(slot);
}

async function migrateForGood(slot: Slot, generation: Generation): Promise<void> {
  const stored = slot.state.save();
  const { stateVersion } = generation.metadata;
  if (stored?.version === stateVersion) return;
  const entries = stored === undefined ? [] : await migrate(slot, generation, stored);
  slot.state.replace({ version: stateVersion, entries });
}

/** What served before goes on, if need be without what others have by now. */
function checkCommands(table: PluginTable, slot: Slot, generation: Generation): void {
  const conflict = generation.build === slot.accepted ? undefined : table.commandConflict(slot, generation);
  if (conflict === undefined) return;
  block(slot, generation, conflict.owner);
  const text = `${alreadyThatOf(conflict)}; choose another name`;
  throw new BulkheadError('ERR_COMMAND_TAKEN', text, { plugin: slot.name });
}

async function diedEarly(slot: Slot, { number, ended }: Generation): Promise<PluginCrashedError> {
  const { kind, text, error } = await ended;
  return new PluginCrashedError(slot.name, number, kind, `${text}, as soon as setup() was done`, error);
}
