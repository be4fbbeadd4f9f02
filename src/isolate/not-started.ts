import { asError } from '../errors.ts';

const LIMITS: [RegExp, string][] = [
  [/EAGAIN/, 'no more threads and processes are allowed (ulimit -u, pids.max)'],
  [/EMFILE|ENFILE/, 'too many files are open (ulimit -n)'],
  [/ENOMEM/, 'there is too little memory'],
];

/** The system gave no thread or process for want of something. */
export class NotStartedError extends Error {}

/** Why the system gave no thread or process, of which Node often tells the code only. */
export function notStarted(what: 'thread' | 'process', error: unknown): string {
  const { message } = asError(error);
  const limit = LIMITS.find(([code]) => code.test(message))?.[1];
  return `its ${what} could not be started: ${limit === undefined ? message : `${limit}: ${message}`}`;
}
