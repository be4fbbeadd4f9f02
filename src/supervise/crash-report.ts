import { isError, type PluginCrashedError } from '../errors.ts';
import type { Generation } from '../isolate/generation.ts';
import { usageOf } from '../isolate/usage.ts';
import type { CrashReason, CrashReport } from '../status.ts';

/**
 * What is known of a generation that ended by itself.
 *
 * @param stuckAt where it was stuck, if it did not throw anything
 */
export function crashReport(
  generation: Generation,
  reason: CrashReason,
  error: PluginCrashedError,
  uptimeMs: number,
  stuckAt?: string,
): CrashReport {
  const { cause } = error;
  return {
    plugin: generation.plugin,
    generation: generation.number,
    reason,
    message: error.message,
    stack: isError(cause) ? cause.stack : stuckAt,
    at: new Date().toISOString(),
    uptimeMs,
    log: generation.lastLines,
    usage: usageOf(generation, 0),
  };
}
