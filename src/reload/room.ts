import { BulkheadError } from '../errors.ts';
import type { Slot } from '../isolate/slot.ts';
import type { PluginState } from '../lifecycle.ts';

const HAS_A_THREAD = new Set<PluginState>(['preparing', 'starting', 'running', 'reloading', 'stopping']);

/**
 * Whether one more plugin may run.
 *
 * @throws {BulkheadError} `ERR_MAX_PLUGINS`
 */
export function checkRoom(slots: Iterable<Slot>, slot: Slot, maxPlugins: number): void {
  const others = [...slots].filter(
    (other) => other !== slot && HAS_A_THREAD.has(other.lifecycle.state),
  ).length;
  if (others < maxPlugins) return;
  throw new BulkheadError(
    'ERR_MAX_PLUGINS',
    `Plugin '${slot.name}' is not loaded: ${others} plugins run, and maxPlugins is ${maxPlugins}; ` +
      `raise 'maxPlugins' or unload one`,
    { plugin: slot.name },
  );
}
