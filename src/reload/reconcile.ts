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
  /** Not there. One look is not enough to believe it; then `next`, which was left out so far, takes its place. */
  | { kind: 'missing'; id: string; next?: Discovered | undefined }
  /** Two entries with one id; the first one counts. */
  | { kind: 'duplicate'; found: Discovered; other: string };

/**
 * What has to be done so that the plugins are those on disk.
 *
 * @param leftOut paths of the duplicates at the last look: what is new instead is the plugin itself, which has moved
 */
export function reconcile(
  found: readonly Discovered[],
  known: readonly KnownPlugin[],
  leftOut: ReadonlySet<string>,
): Plan[] {
  const plans: Plan[] = [];
  const byId = groupById(found);
  for (const plugin of known) {
    const candidates = byId.get(plugin.id) ?? [];
    byId.delete(plugin.id);
    const chosen = choose(plugin, candidates, leftOut);
    plans.push(...planKnown(plugin, chosen, candidates[0]));
    plans.push(...duplicates(candidates, chosen?.path ?? plugin.path));
  }
  for (const candidates of byId.values()) {
    const chosen = candidates[0] as Discovered;
    plans.push({ kind: 'load', found: chosen }, ...duplicates(candidates, chosen.path));
  }
  return plans;
}

function choose(
  { path, hasLoaded }: KnownPlugin,
  candidates: readonly Discovered[],
  leftOut: ReadonlySet<string>,
): Discovered | undefined {
  const present = candidates.find((each) => each.path === path);
  const moved = candidates.find((each) => !leftOut.has(each.path));
  return present ?? moved ?? (hasLoaded ? undefined : candidates[0]);
}

function planKnown(plugin: KnownPlugin, found: Discovered | undefined, next: Discovered | undefined): Plan[] {
  const { id } = plugin;
  if (found === undefined) return [{ kind: 'missing', id, next }];
  if (found.problem !== undefined && plugin.hasLoaded) return [{ kind: 'keep', found }];
  const isOther = found.entry !== plugin.entry || found.problem?.message !== plugin.problem?.message;
  if (isOther) return [{ kind: 'reload', found }];
  if (found.problem !== undefined) return [];
  if (plugin.difference === 'changed') return [{ kind: 'reload', found }];
  return plugin.difference === 'touched' ? [{ kind: 'unchanged', id }] : [];
}

function duplicates(candidates: readonly Discovered[], other: string): Plan[] {
  return candidates
    .filter(({ path }) => path !== other)
    .map((found) => ({ kind: 'duplicate', found, other }));
}

function groupById(found: readonly Discovered[]): Map<string, Discovered[]> {
  const groups = new Map<string, Discovered[]>();
  for (const plugin of found) getOrMake(groups, plugin.id, () => []).push(plugin);
  return groups;
}
