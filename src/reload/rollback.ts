import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { BulkheadError } from '../errors.ts';
import type { Slot } from '../isolate/slot.ts';
import type { StoredState } from '../options.ts';
import { type Build, isThere } from '../source/build.ts';
import type { ReloadOptions } from './transaction.ts';
import { unlessStopped } from './unless-stopped.ts';

/**
 * The build accepted before, and the state it needs.
 *
 * @throws {BulkheadError} `ERR_NO_ROLLBACK`, or `ERR_STATE_SNAPSHOT` if state would be lost that nobody agreed to lose.
 */
export function rollbackTarget(slot: Slot, options: { state?: 'snapshot' }): ReloadOptions {
  const target = slot.history.at(-1);
  if (target === undefined) {
    const text = `Plugin '${slot.name}' has no earlier accepted build; there will be one when a changed version has been loaded`;
    throw new BulkheadError('ERR_NO_ROLLBACK', text, { plugin: slot.name });
  }
  const { build, state } = target;
  if (!isThere(build)) {
    const text = `The earlier build of plugin '${slot.name}' was removed from the temporary directory (${fileURLToPath(build.url)}); put its files back as they were instead`;
    throw new BulkheadError('ERR_NO_ROLLBACK', text, { plugin: slot.name });
  }
  const present = slot.state.version;
  if (state === undefined || present === undefined || state.version === present) return { build };
  if (options.state === 'snapshot') return { build, state };
  throw needsSnapshot(slot, state);
}

/** What the plugin was rolled back to, until its files are no longer those that it was rolled back from. */
export async function rolledBackTo(slot: Slot): Promise<Build | undefined> {
  const { acted, rolledBackFrom, accepted } = slot;
  if (acted === undefined || acted !== rolledBackFrom) return undefined;
  return (await unlessStopped(slot, acted.compare())) === 'changed' ? undefined : accepted;
}

function needsSnapshot(slot: Slot, target: StoredState): BulkheadError {
  const old = new Map(target.entries);
  const lost = slot.state.entries().filter(([key, value]) => !isDeepStrictEqual(old.get(key), value));
  const keys =
    lost
      .map(([key]) => `'${key}'`)
      .slice(0, 10)
      .join(', ') || 'none';
  return new BulkheadError(
    'ERR_STATE_SNAPSHOT',
    `The state of plugin '${slot.name}' has version ${slot.state.version}, the earlier build wants ${target.version}. ` +
      `rollback(name, { state: 'snapshot' }) goes back to the state of that time and loses what was written since (keys: ${keys}).`,
    { plugin: slot.name },
  );
}
