import type { BackendType } from '@parcel/watcher';

const BACKENDS: Partial<Record<NodeJS.Platform, BackendType>> = {
  darwin: 'fs-events',
  linux: 'inotify',
  win32: 'windows',
};

/**
 * The system's own means, by name. Not named, Watchman would be looked for at each first subscription, by a program that is
 * never reaped and whose pipe stays open; and used, if there is one, which would go through all that is below a directory.
 */
export const WATCH_BACKEND = { backend: BACKENDS[process.platform] };
