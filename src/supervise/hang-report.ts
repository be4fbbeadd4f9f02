import type { Generation } from '../isolate/generation.ts';
import { NOT_KNOWN } from '../isolate/thread-stack.ts';
import type { StatusEvents, StatusName } from '../status.ts';

export interface HangReportHost {
  report<K extends StatusName>(event: K, data: StatusEvents[K]): void;
}

/** Finds out where a generation is stuck, reports it, then ends it; not if it has moved on meanwhile. */
export async function endHung(generation: Generation, hangMs: number, host: HangReportHost): Promise<void> {
  const { plugin, number, pulse } = generation;
  const stack = await generation.stack().catch(() => undefined);
  generation.look();
  if (!generation.isAlive || generation.pulse !== pulse) return;
  const text = `it did not react for ${hangMs} ms. ${whereStuck(stack)}`;
  host.report('hung', { name: plugin, generation: number, stack, text: `Plugin '${plugin}': ${text}` });
  generation.end({ kind: 'hung', text });
}

function whereStuck(stack: string | undefined): string {
  if (stack === undefined) return 'It is stuck outside JavaScript, in a system call or native code';
  if (NOT_KNOWN.includes(stack)) return `Where it is stuck is not known, since ${stack.trim()}`;
  return `It is stuck here:\n${stack}`;
}
