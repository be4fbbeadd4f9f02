import { didYouMean, nearest } from './nearest.ts';

/** Warnings of entries that belong to none of the plugins with these ids: a name is mistyped, mostly. */
export function unusedEntries(section: string, entries: object, ids: readonly string[]): string[] {
  return Object.keys(entries)
    .filter((id) => !ids.includes(id))
    .map((id) => `${section}.${id}: ${noPlugin(id, ids)}`);
}

export function noPlugin(id: string, ids: readonly string[]): string {
  return `there is no plugin in a file or folder '${id}'${didYouMean(nearest(id, ids))}`;
}
