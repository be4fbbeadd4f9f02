import { codeOf } from './errors.ts';

/** What the system has run out of, or a disk that fails. */
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
  'ERR_WORKER_INIT_FAILED',
]);

/** Whether this error of the system says that something was lacking, so that the same may go well the next time. */
export function isLack(error: unknown): boolean {
  return CODES.has(codeOf(error));
}
