import { dirname } from 'node:path';

/** How long a plugin directory may be missing before its plugins are unloaded: a checkout or a remount takes a while. */
export const DIRECTORY_GRACE_MS = 10_000;

export interface Absence {
  /** Ids that were absent long enough to be believed gone. */
  gone: string[];
  /** Something was there at the last look that is not now. */
  isNew: boolean;
  /** When the next one will be believed gone, in ms; `undefined` if there is none. */
  nextInMs: number | undefined;
}

/** Believes a plugin to be gone only when it was absent at two looks, or longer if its directory is missing as a whole. */
export class Absences {
  readonly #quietMs: number;
  #goneAt = new Map<string, number>();

  constructor(quietMs: number) {
    this.#quietMs = quietMs;
  }

  /** Takes note of everything that is absent now. */
  note(absent: readonly { id: string; path: string }[], missingDirectories: readonly string[]): Absence {
    const now = performance.now();
    const before = this.#goneAt;
    this.#goneAt = new Map();
    let isNew = false;
    for (const { id, path } of absent) {
      const inMissing = missingDirectories.includes(dirname(path));
      const patienceMs = inMissing ? DIRECTORY_GRACE_MS : this.#quietMs;
      this.#goneAt.set(id, before.get(id) ?? now + patienceMs);
      isNew ||= !before.has(id) && !inMissing;
    }
    const times = [...this.#goneAt];
    const later = times.filter(([, at]) => at > now).map(([, at]) => at - now);
    return {
      gone: times.filter(([, at]) => at <= now).map(([id]) => id),
      isNew,
      nextInMs: later.length === 0 ? undefined : Math.min(...later),
    };
  }
}
