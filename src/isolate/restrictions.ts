import { realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import { deniedModules } from '../permissions.ts';
import type { Restrictions } from '../source/restrictions.ts';
import type { Slot } from './slot.ts';

/** What keeps the modules of a plugin from what was not granted. Where it lies itself needs no grant. */
export function restrictionsOf({ path, entry, options }: Slot): Restrictions {
  const { permissions, isolation } = options;
  const denied = deniedModules(permissions, isolation);
  if (permissions?.read === undefined) return { denied };
  return { denied, places: [dirname(path), path, dirname(realOf(entry)), ...permissions.read] };
}

function realOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
