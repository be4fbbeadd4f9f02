import type { Discovered } from '../source/discover.ts';
import type { Difference } from '../source/fingerprint.ts';

/** A plugin the manager knows, as far as planning is concerned. */
export interface KnownPlugin {
  id: string;
  path: string;
  entry: string;
  /** Disk against what was last acted on. */
  difference: Difference;
  /** It was there once, so that an incomplete folder does not take it away. */
  hasLoaded: boolean;
}

export type Plan =
  | { kind: 'load'; found: Discovered & { entry: string } }
  /** Cannot be loaded as it is, and never was. */
  | { kind: 'refuse'; found: Discovered }
  /** Cannot be loaded as it is; what serves goes on. */
  | { kind: 'keep'; found: Discovered }
  | { kind: 'reload'; id: string; path: string; entry: string }
  | { kind: 'unchanged'; id: string }
  /** Not there. One look is not enough to believe it. */
  | { kind: 'missing'; id: string }
  /** Two entries with one id; the first one counts. */
  | { kind: 'duplicate'; found: Discovered; other: string };

/** What has to be done so that the plugins are those on disk. */
export function reconcile(found: readonly Discovered[], known: readonly KnownPlugin[]): Plan[] {
  const plans: Plan[] = [];
  const byId = groupById(found);
  for (const plugin of known) {
    const candidates = byId.get(plugin.id) ?? [];
    byId.delete(plugin.id);
    const chosen = candidates.find(({ path }) => path === plugin.path) ?? candidates[0];
    plans.push(...planKnown(plugin, chosen), ...duplicates(candidates, chosen));
  }
  for (const candidates of byId.values()) {
    const chosen = candidates[0] as Discovered;
    plans.push(planNew(chosen), ...duplicates(candidates, chosen));
  }
  return plans;
}

function planKnown(plugin: KnownPlugin, found: Discovered | undefined): Plan[] {
  const { id } = plugin;
  if (found === undefined) return [{ kind: 'missing', id }];
  if (found.entry === undefined)
    return [plugin.hasLoaded ? { kind: 'keep', found } : { kind: 'refuse', found }];
  if (found.entry !== plugin.entry || plugin.difference === 'changed') {
    return [{ kind: 'reload', id, path: found.path, entry: found.entry }];
  }
  return plugin.difference === 'touched' ? [{ kind: 'unchanged', id }] : [];
}

function planNew(found: Discovered): Plan {
  return hasEntry(found) ? { kind: 'load', found } : { kind: 'refuse', found };
}

function hasEntry(found: Discovered): found is Discovered & { entry: string } {
  return found.entry !== undefined;
}

function duplicates(candidates: readonly Discovered[], chosen: Discovered | undefined): Plan[] {
  if (chosen === undefined) return [];
  return candidates
    .filter((candidate) => candidate !== chosen)
    .map((found) => ({ kind: 'duplicate', found, other: chosen.path }));
}

function groupById(found: readonly Discovered[]): Map<string, Discovered[]> {
  const groups = new Map<string, Discovered[]>();
  for (const plugin of found) {
    const group = groups.get(plugin.id);
    if (group === undefined) groups.set(plugin.id, [plugin]);
    else group.push(plugin);
  }
  return groups;
}
