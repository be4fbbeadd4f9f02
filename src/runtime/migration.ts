import { inspect } from 'node:util';
import { BulkheadError } from '../errors.ts';
import type { MigrateMessage, StateEntries } from '../wire/messages.ts';
import { snapshot } from '../wire/snapshot.ts';
import type { PluginDefinition } from './api.ts';

/**
 * Entries of another version as the plugin's `state.migrate` makes them into those of this one.
 *
 * @throws {BulkheadError} `ERR_STATE_MIGRATION`, besides what the plugin throws
 */
export async function migrated(
  { version = 1, migrate }: Partial<NonNullable<PluginDefinition['state']>> = {},
  { entries, fromVersion }: MigrateMessage,
): Promise<StateEntries> {
  if (migrate === undefined) {
    throw new BulkheadError(
      'ERR_STATE_MIGRATION',
      `The stored state has version ${fromVersion} and the plugin wants ${version}, but it has no state.migrate`,
    );
  }
  const made: unknown = await migrate(Object.fromEntries(entries), fromVersion);
  if (Object.prototype.toString.call(made) !== '[object Object]') {
    throw new BulkheadError(
      'ERR_STATE_MIGRATION',
      `state.migrate returned ${inspect(made, { depth: 0 })}; expected an object`,
    );
  }
  return Object.entries(snapshot(made as object, 'what state.migrate returned'));
}
