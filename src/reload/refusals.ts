import { BulkheadError } from '../errors.ts';
import type { Plan } from './reconcile.ts';

/** A plan that is nothing to do, but something to say. */
export type Refusal = Extract<Plan, { kind: 'keep' | 'duplicate' }>;

/** What cannot be a plugin as it is, each said once until it is put right. */
export class Refusals {
  #said = new Map<string, Refusal>();

  /** Whether it was not said before; from now on it was. */
  say(refusal: Refusal): boolean {
    if (this.isSaid(refusal)) return false;
    this.#said.set(keyOf(refusal), refusal);
    return true;
  }

  /** Paths of what has the id of another. */
  get leftOut(): Set<string> {
    const duplicates = [...this.#said.values()].filter(({ kind }) => kind === 'duplicate');
    return new Set(duplicates.map(({ found }) => found.path));
  }

  isSaid(refusal: Refusal): boolean {
    return this.#said.has(keyOf(refusal));
  }

  /** Forgets what is not among these: it was put right. */
  keepOnly(refusals: readonly Refusal[]): void {
    const stillSaid = refusals.filter((refusal) => this.isSaid(refusal));
    this.#said = new Map(stillSaid.map((refusal) => [keyOf(refusal), refusal]));
  }
}

export function isRefusal(plan: Plan): plan is Refusal {
  return plan.kind === 'keep' || plan.kind === 'duplicate';
}

export function errorOf(refusal: Refusal): Error {
  const { path, problem } = refusal.found;
  if (refusal.kind !== 'duplicate') return problem ?? new Error(`'${path}' cannot be loaded.`);
  return new BulkheadError(
    'ERR_PLUGIN_ENTRY',
    `'${path}' has the same id as '${refusal.other}' and is left out; rename one of them.`,
  );
}

function keyOf(refusal: Refusal): string {
  return `${refusal.kind} ${refusal.found.path} ${errorOf(refusal).message}`;
}
