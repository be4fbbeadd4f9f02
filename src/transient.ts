import { codeOf } from './errors.ts';

/** What the system has run out of, a disk or a store that fails. */
const CODES = new Set<string | undefined>([
  'EAGAIN',
  'EDQUOT',
  'EIO',
  'EMFILE',
  'ENFILE',
  'ENOMEM',
  'ENOSPC',
  'EROFS',
  'ESTALE',
  'ERR_STATE_STORE',
  'ERR_WORKER_INIT_FAILED',
]);
const MAX_CAUSES = 5;

/** Whether the same may go well the next time, although nothing about it has changed: the place where it runs is at fault. */
export function isTransient(error: unknown): boolean {
  let cause = error;
  for (let count = 0; count < MAX_CAUSES && cause instanceof Error; count++) {
    if (CODES.has(codeOf(cause)) || (cause as { isTransient?: unknown }).isTransient === true) return true;
    cause = cause.cause;
  }
  return false;
}
