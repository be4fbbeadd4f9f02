import { pino, stdSerializers } from 'pino';
import type { Logger } from '../options.ts';

/** Messages here name their cause already: it stands beside the message, not once more in it. */
export function defaultLogger(): Logger {
  return pino({ name: 'bulkhead', serializers: { err: stdSerializers.errWithCause } }, pino.destination(2));
}
