import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import type { Slot } from '../isolate/slot.ts';
import { isFile } from '../source/files.ts';
import { isLoaded } from '../source/local-files.ts';

/** The plugins that are built from these files; `undefined` if one of them says more than that a plugin has changed. */
export function namedBy(hints: ReadonlySet<string>, table: Iterable<Slot>): Slot[] | undefined {
  const named = new Set<Slot>();
  for (const path of hints) {
    const users = [...table].filter(({ acted }) => acted?.has(path));
    if (users.length === 0 || basename(path) === 'package.json') return undefined;
    for (const slot of users) named.add(slot);
  }
  return named.size === 0 ? undefined : [...named];
}

/**
 * Whether what the hints name beside the files of plugins may lead a build to other files than before: a new module or
 * tsconfig.json, a folder. What is gone, and an editor's backup, cannot.
 */
export function mayRedirect(hints: ReadonlySet<string>, table: Iterable<Slot>): boolean {
  const slots = [...table];
  return [...hints].some((path) => {
    const isKnown = slots.some(({ acted }) => acted?.has(path));
    return !isKnown && (isFile(path) ? isLoaded(path) : existsSync(path));
  });
}
