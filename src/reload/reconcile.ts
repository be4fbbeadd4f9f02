import { getOrMake } from '../get-or-make.ts';
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
  /** Why it could not be loaded as it was. */
  problem: Discovered['problem'];
}

export type Plan =
  | { kind: 'load'; found: Discovered }
  /** Cannot be loaded as it is; what serves goes on. */
  | { kind: 'keep'; found: Discovered }
  | { kind: 'reload'; found: Discovered }
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
    plans.push({ kind: 'load', found: chosen }, ...duplicates(candidates, chosen));
  }
  return plans;
}

function planKnown(plugin: KnownPlugin, found: Discovered | undefined): Plan[] {
  const { id } = plugin;
  if (found === undefined) return [{ kind: 'missing', id }];
  if (found.problem !== undefined && plugin.hasLoaded) return [{ kind: 'keep', found }];
  const isOther = found.entry !== plugin.entry || found.problem?.message !== plugin.problem?.message;
  if (isOther) return [{ kind: 'reload', found }];
  if (found.problem !== undefined) return [];
  if (plugin.difference === 'changed') return [{ kind: 'reload', found }];
  return plugin.difference === 'touched' ? [{ kind: 'unchanged', id }] : [];
}

function duplicates(candidates: readonly Discovered[], chosen: Discovered | undefined): Plan[] {
  if (chosen === undefined) return [];
  return candidates
    .filter((candidate) => candidate !== chosen)
    .map((found) => ({ kind: 'duplicate', found, other: chosen.path }));
}

function groupById(found: readonly Discovered[]): Map<string, Discovered[]> {
  const groups = new Map<string, Discovered[]>();
  for (const plugin of found) getOrMake(groups, plugin.id, () => []).push(plugin);
  return groups;
}
