import type { Parts } from './assembly.ts';

export interface LoadAllResult {
  /** Names of the plugins that run. */
  loaded: string[];
  /** `name` is that of the plugin, or its id if it never loaded; of a directory that is missing, its path. */
  failed: { name: string; error: Error }[];
  /** Names of the plugins that wait for a service of another. */
  waiting: string[];
}

/** Watches, finds out what there is, and starts it, unless everything is unloaded meanwhile. */
export async function loadAll(parts: Parts): Promise<LoadAllResult> {
  const { options, openness, hotReload, look, operations } = parts;
  openness.check();
  const { epoch } = openness;
  if (options.hotReload.enabled) await hotReload.start();
  const { slots, failed } = await look.discoverAll();
  openness.checkSince(epoch);
  const result: LoadAllResult = { loaded: [], failed, waiting: [] };
  await Promise.all(
    slots
      .filter((slot) => slot.lifecycle.state !== 'disabled')
      .map(async (slot) => {
        try {
          await operations.load(slot);
          result.loaded.push(slot.name);
        } catch (error) {
          failed.push({ name: slot.name, error: error as Error });
        }
      }),
  );
  result.loaded.sort();
  if (openness.epoch === epoch) warnOfUnused(parts, failed);
  return result;
}

/** What was found, and could not be a plugin, is there all the same. */
function warnOfUnused({ reports, settings, table }: Parts, failed: LoadAllResult['failed']): void {
  const ids = [...[...table].map(({ id }) => id), ...failed.map(({ name }) => name)];
  for (const text of settings.unused(ids)) reports.warn(text);
}
