import type { PluginCrashedError } from '../errors.ts';
import type { Generation } from '../isolate/generation.ts';
import { usageOf } from '../isolate/usage.ts';
import type { CrashReason, CrashReport } from '../status.ts';

/** What is known of a generation that ended by itself. */
export function crashReport(
  generation: Generation,
  reason: CrashReason,
  error: PluginCrashedError,
  uptimeMs: number,
): CrashReport {
  const { cause } = error;
  return {
    plugin: generation.plugin,
    generation: generation.number,
    reason,
    message: error.message,
    stack: cause instanceof Error ? cause.stack : undefined,
    at: new Date().toISOString(),
    uptimeMs,
    log: generation.lastLines,
    usage: usageOf(generation, 0),
  };
}
