import { inspect } from 'node:util';
import { asError, BulkheadError } from '../errors.ts';
import type { StateStore, StoredState } from '../options.ts';
import { snapshot } from '../wire/snapshot.ts';

/** What a store holds is no state: that does not pass by itself. */
export class DamagedStateError extends TypeError {}

/** Of failures to write that follow one another so closely, ms, only the first is reported. */
const QUIET_MS = 1_000;

/**
 * A store whose failures reach nobody who cannot help them: what could not be written is reported, and the state goes on
 * in memory; what could not be read says whose fault it is.
 */
export function guardedStore(store: StateStore, report: (error: Error, text: string) => void): StateStore {
  let saidAt = Number.NEGATIVE_INFINITY;
  const failed = (what: string, thrown: unknown) => {
    if (performance.now() - saidAt < QUIET_MS) return;
    saidAt = performance.now();
    const error = asError(thrown);
    report(error, `The state store could not ${what}: ${error.message}`);
  };
  /** Although its type says so, not every such function returns nothing. */
  const attempt = (what: string, write: () => unknown) => {
    try {
      Promise.resolve(write()).catch((error) => failed(what, error));
    } catch (error) {
      failed(what, error);
    }
  };
  return {
    load: (plugin) =>
      read(`load the state of '${plugin}'`, async () => copied(checkState(await store.load(plugin)))),
    write: (plugin, key, value) =>
      attempt(`write '${key}' of '${plugin}'`, () => store.write(plugin, key, value)),
    replace: (plugin, state) =>
      attempt(`replace the state of '${plugin}'`, () => store.replace(plugin, state)),
    clear: (plugin) => attempt(`clear the state of '${plugin}'`, () => store.clear(plugin)),
    loadDisabled: () =>
      read('load which plugins are disabled', async () => checkIds(await store.loadDisabled())),
    setDisabled: (plugin, disabled) =>
      attempt(`note whether '${plugin}' is disabled`, () => store.setDisabled(plugin, disabled)),
    flush: () => read('flush', () => store.flush()),
  };
}

/** What a store has read may lie in memory with much else in it, which would be sent to the plugin with it. */
function copied(state: StoredState | undefined): StoredState | undefined {
  if (state === undefined) return undefined;
  const entries = state.entries.map(([key, value]): [string, unknown] => [key, snapshot(value, key, 'keep')]);
  return { ...state, entries };
}

/** Rejects with `ERR_STATE_STORE`. */
async function read<T>(what: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (cause) {
    const text = `The state store could not ${what}: ${asError(cause).message}`;
    throw new BulkheadError('ERR_STATE_STORE', text, { cause });
  }
}

/** What is damaged must not become a state, which would take its place in the store. */
function checkState(state: StoredState | undefined): StoredState | undefined {
  if (state === undefined || isState(state)) return state;
  throw new DamagedStateError(
    `expected { version, entries }, entries a list of [key, value], or undefined; got ${show(state)}`,
  );
}

function isState(state: StoredState): boolean {
  const { version, entries } = Object(state) as StoredState;
  if (!Number.isInteger(version) || version < 1 || !Array.isArray(entries)) return false;
  return entries.every((entry) => Array.isArray(entry) && typeof entry[0] === 'string');
}

function checkIds(ids: string[]): string[] {
  if (Array.isArray(ids) && ids.every((id) => typeof id === 'string')) return ids;
  throw new TypeError(`expected a list of ids, got ${show(ids)}`);
}

function show(value: unknown): string {
  return inspect(value, {
    depth: 1,
    maxArrayLength: 3,
    maxStringLength: 50,
    breakLength: Number.POSITIVE_INFINITY,
  });
}
