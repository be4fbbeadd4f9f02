import type { Generation } from '../isolate/generation.ts';
import type { Slot } from '../isolate/slot.ts';
import type { ResolvedPluginOptions } from '../options.ts';
import type { RecycleReason } from '../status.ts';
import { MIB } from '../units.ts';
import type { VitalSigns } from '../wire/vitals.ts';
import { backoffMs } from './restart-policy.ts';

/** External memory is not V8's to limit: at so many times the limit there is no time left for a graceful end. */
const BEYOND = 2;

export type MemoryVerdict = 'fine' | { do: 'recycle'; reason: RecycleReason } | { do: 'end' };

/** What to do about a plugin that uses this much. */
export function judgeMemory(
  { heapIsLow, externalBytes }: VitalSigns,
  { externalMb }: ResolvedPluginOptions['limits'],
): MemoryVerdict {
  if (externalBytes > externalMb * MIB * BEYOND) return { do: 'end' };
  if (externalBytes > externalMb * MIB) return { do: 'recycle', reason: 'external' };
  return heapIsLow ? { do: 'recycle', reason: 'heap' } : 'fine';
}

/** The figures, for people. */
function describeMemory(signs: VitalSigns, { externalMb }: ResolvedPluginOptions['limits']): string {
  const mb = (bytes: number) => `${(bytes / MIB).toFixed(1)} MiB`;
  return (
    `heap ${mb(signs.heapBytes)} of ${mb(signs.heapLimitBytes)}, ` +
    `external memory ${mb(signs.externalBytes)} of ${externalMb} MiB`
  );
}

/**
 * Whether V8's limit is what `heapMb` makes it, or something else set it: `--max-old-space-size` overrides the limits of
 * threads. V8 adds three semi-spaces, at the most about half as much again.
 */
function isOverridden({ heapLimitBytes }: VitalSigns, { heapMb }: ResolvedPluginOptions['limits']): boolean {
  return heapLimitBytes < heapMb * MIB || heapLimitBytes > heapMb * MIB * 1.5;
}

export interface MemoryGuardHost {
  /** Replaces the generation by a new one of the same build; takes the slot's lock and handles failures itself. */
  recycle(slot: Slot, generation: Generation, reason: RecycleReason, text: string): void;
  /** Its limit is not kept; told once for all plugins. */
  overridden(slot: Slot, text: string): void;
}

/**
 * Has plugins replaced that are about to use more memory than they may, before V8 ends them. One that needs so much all
 * the time is not replaced all the time: the wait between two grows like that between restarts.
 */
export class MemoryGuard {
  readonly #host: MemoryGuardHost;
  #hasWarned = false;
  readonly #recycles = new WeakMap<Slot, { inARow: number; lastAt: number }>();

  constructor(host: MemoryGuardHost) {
    this.#host = host;
  }

  /** @param usage as far as it is known */
  look(slot: Slot, generation: Generation, usage: VitalSigns | undefined): void {
    if (generation !== slot.current || slot.lifecycle.state !== 'running' || usage === undefined) return;
    const { limits } = slot.options;
    this.#checkLimit(slot, usage);
    const verdict = judgeMemory(usage, limits);
    if (verdict === 'fine') return;
    const figures = describeMemory(usage, limits);
    if (verdict.do === 'end') {
      generation.end({ kind: 'external-limit', text: `it went far over limits.externalMb (${figures})` });
      return;
    }
    if (this.#isDue(slot)) this.#host.recycle(slot, generation, verdict.reason, figures);
  }

  #checkLimit(slot: Slot, usage: VitalSigns): void {
    const { heapMb } = slot.options.limits;
    if (this.#hasWarned || !isOverridden(usage, slot.options.limits)) return;
    this.#hasWarned = true;
    const mb = Math.round(usage.heapLimitBytes / MIB);
    this.#host.overridden(
      slot,
      `limits.heapMb is ${heapMb}, but V8 allows the plugin ${mb} MiB: --max-old-space-size on the command line or in ` +
        'NODE_OPTIONS overrides the limits of all plugins. Start the bot without it',
    );
  }

  #isDue(slot: Slot): boolean {
    const now = performance.now();
    const { restart } = slot.options;
    const past = this.#recycles.get(slot);
    const inARow = past === undefined || now - past.lastAt >= restart.resetMs ? 0 : past.inARow;
    if (past !== undefined && inARow > 0 && now - past.lastAt < backoffMs(restart, inARow)) return false;
    this.#recycles.set(slot, { inARow: inARow + 1, lastAt: now });
    return true;
  }
}
