import { Slot, type SlotHost } from '../isolate/slot.ts';
import type { DisabledPlugins } from '../platform/disabled-plugins.ts';
import type { PluginSettings } from '../platform/plugin-settings.ts';
import type { Discovered } from '../source/discover.ts';
import type { PluginTable } from './plugin-table.ts';

export interface AdoptionHost {
  readonly table: PluginTable;
  readonly settings: PluginSettings;
  readonly disabled: DisabledPlugins;
  readonly slotHost: SlotHost;
}

/** Makes a slot for something found, unless there is one by now. Rejects with `ERR_STATE_STORE`. */
export async function adopt(
  { table, settings, disabled, slotHost }: AdoptionHost,
  found: Discovered,
): Promise<Slot> {
  const { id } = found;
  const isDisabled = await disabled.has(id);
  const known = table.byId(id);
  if (known !== undefined) return known;
  const slot = new Slot(found, settings.optionsOf(id), settings.configOf(id), slotHost);
  table.add(slot);
  if (isDisabled) {
    slot.lifecycle.moveTo('disabled');
    slot.refuseWork('unavailable');
  }
  return slot;
}
