import { dirname } from 'node:path';

/** What appears again at once was only replaced, ms. */
const LEAST_MS = 100;
/** How long a plugin directory may be missing before its plugins are unloaded: a checkout or a remount takes a while. */
export const DIRECTORY_GRACE_MS = 10_000;

export interface Absence {
  /** Ids that were absent long enough to be believed gone. */
  gone: string[];
  /** Something vanished from a directory that is there, and may yet come back. */
  isOpen: boolean;
  /** When the next one will be believed gone, in ms; `undefined` if there is none. */
  nextInMs: number | undefined;
}

/** Believes a plugin to be gone only when it was absent at two looks, or longer if its directory is missing as a whole. */
export class Absences {
  readonly #quietMs: number;
  #absent = new Map<string, { inMissing: boolean; goneAt: number }>();

  constructor(quietMs: number) {
    this.#quietMs = quietMs;
  }

  /** Takes note of everything that is absent now. */
  note(absent: readonly { id: string; path: string }[], missingDirectories: readonly string[]): Absence {
    const now = performance.now();
    const before = this.#absent;
    this.#absent = new Map();
    for (const { id, path } of absent) {
      const inMissing = missingDirectories.includes(dirname(path));
      const known = before.get(id);
      const patienceMs = inMissing ? DIRECTORY_GRACE_MS : Math.max(LEAST_MS, this.#quietMs);
      // When its directory vanishes or comes back, the patience begins anew.
      const goesOn = known?.inMissing === inMissing;
      this.#absent.set(id, goesOn ? known : { inMissing, goneAt: now + patienceMs });
    }
    const all = [...this.#absent];
    const open = all.filter(([, { goneAt }]) => goneAt > now);
    return {
      gone: all.filter(([, { goneAt }]) => goneAt <= now).map(([id]) => id),
      isOpen: open.some(([, { inMissing }]) => !inMissing),
      nextInMs: open.length === 0 ? undefined : Math.min(...open.map(([, { goneAt }]) => goneAt - now)),
    };
  }
}
