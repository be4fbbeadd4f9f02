import type { RestartOptions } from '../options.ts';

export interface Crash {
  /** Any clock, ms. */
  at: number;
  /** How long it had run, ms. */
  uptimeMs: number;
  /** It ended with exit code 0. */
  clean: boolean;
}

export type RestartDecision =
  | { action: 'restart'; delayMs: number }
  | { action: 'quarantine'; retryMs: number }
  | { action: 'stop' };

/** Up to a fifth is taken off each wait, so that plugins that died together do not come back together. */
const JITTER = 0.2;

/**
 * What to do after the last of these crashes. Backoff as in Kubernetes (1 s × 2 up to 60 s), reset as in Homebridge (5
 * min stable).
 *
 * @param random from 0 to 1
 * @param zombies how many of its threads have not ended although they were told to
 */
export function decideRestart(
  options: RestartOptions,
  crashes: readonly Crash[],
  random: number,
  zombies = 0,
): RestartDecision {
  const last = crashes.at(-1);
  if (last === undefined) throw new Error('decideRestart needs at least one crash');
  if (options.type === 'temporary' || (options.type === 'transient' && last.clean)) return { action: 'stop' };
  const recent = crashes.filter((crash) => last.at - crash.at < options.windowMs);
  if (recent.length >= options.maxCrashes || zombies >= options.maxZombies)
    return { action: 'quarantine', retryMs: options.retryMs };
  const delayMs = backoffMs(options, inARow(crashes, options.resetMs));
  return { action: 'restart', delayMs: delayMs * (1 - JITTER * random) };
}

/** How long to wait after so many times in a row, ms. */
export function backoffMs(options: RestartOptions, inARow: number): number {
  return Math.min(options.initialDelayMs * 2 ** (inARow - 1), options.maxDelayMs);
}

/** How many crashes there were since it last ran for `resetMs`. */
function inARow(crashes: readonly Crash[], resetMs: number): number {
  let count = 0;
  for (const crash of crashes.toReversed()) {
    count++;
    if (crash.uptimeMs >= resetMs) break;
  }
  return count;
}
