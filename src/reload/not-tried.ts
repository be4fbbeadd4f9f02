import { BulkheadError, PluginCrashedError } from '../errors.ts';
import { NotStartedError } from '../isolate/not-started.ts';
import { isLack } from '../lacking.ts';
import { DamagedStateError } from '../platform/guarded-store.ts';
import { BuildError } from '../source/build.ts';
import { UnusableDirectoryError } from '../source/build-directory.ts';

/**
 * Whether a version was not even tried, since something was lacking that it takes: descriptors, threads, room on a disk, the
 * state store. Only the host's own errors say so: what a plugin throws is about the version.
 */
export function wasNotTried(error: unknown): boolean {
  if (error instanceof UnusableDirectoryError || error instanceof NotStartedError) return true;
  if (error instanceof BuildError) return error.isOfPlace;
  if (error instanceof PluginCrashedError) return error.reason === 'start-failed' && isLack(error.cause);
  if (!(error instanceof BulkheadError) || error.code !== 'ERR_STATE_STORE') return false;
  return !(error.cause instanceof DamagedStateError);
}
