import type { PluginUsage } from '../status.ts';
import type { Generation } from './generation.ts';

/**
 * @param waiting how many calls and events wait for the plugin on the side of the host
 * @returns `undefined` if it has given no sign of life yet
 */
export function usageOf({ usage, workload }: Generation, waiting: number): PluginUsage | undefined {
  if (usage === undefined) return undefined;
  const { heapBytes, heapLimitBytes, externalBytes, loopUtilization } = usage;
  return {
    heapBytes,
    heapLimitBytes,
    externalBytes,
    loopUtilization,
    queueDepth: waiting + workload.size,
    calls: workload.timings.count,
    p50Ms: workload.timings.percentile(50),
    p99Ms: workload.timings.percentile(99),
  };
}
