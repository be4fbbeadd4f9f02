import { assertNever } from '../errors.ts';
import type { Generation } from '../isolate/generation.ts';
import type { Whereabouts } from '../isolate/isolate.ts';
import type { Report } from '../status.ts';

/** Finds out where a generation is stuck, reports it, then ends it; not if it has moved on meanwhile. */
export async function endHung(generation: Generation, hangMs: number, report: Report): Promise<void> {
  const { plugin, number, pulse } = generation;
  const found = await generation.whereabouts();
  generation.look();
  if (!generation.isAlive || generation.pulse !== pulse) return;
  const text = `it did not react for ${hangMs} ms. ${whereStuck(found)}`;
  report('hung', {
    name: plugin,
    generation: number,
    stack: linesOf(found),
    text: `Plugin '${plugin}': ${text}`,
  });
  generation.end({ kind: 'hung', text, stack: found.kind === 'stack' ? found.stack : undefined });
}

function whereStuck(found: Whereabouts): string {
  switch (found.kind) {
    case 'stack':
      return `It is stuck here:\n${found.stack}`;
    case 'outside':
      return 'It is stuck outside JavaScript, in a system call or native code';
    case 'unknown':
      return `Where it is stuck is not known, since ${found.why}`;
    default:
      return assertNever(found);
  }
}

/** What stands in place of a stack, too. */
function linesOf(found: Whereabouts): string | undefined {
  if (found.kind === 'outside') return undefined;
  return found.kind === 'stack' ? found.stack : `    ${found.why}`;
}
