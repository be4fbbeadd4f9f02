import { getOrMake } from '../get-or-make.ts';
import type { Remote } from '../runtime/api.ts';

/** What JavaScript asks of any object that is awaited, logged or printed; nobody would take care of the promise. */
const ASKED_BY_LANGUAGE = new Set(['then', 'toJSON', 'valueOf']);

/** The functions of a plugin, each returning a promise. It stands for the name: reloads do not concern it. */
export function pluginProxy<T>(
  plugin: string,
  call: (method: string, args: unknown[]) => Promise<unknown>,
): Remote<T> {
  const functions = new Map<string, (...args: unknown[]) => Promise<unknown>>();
  const caller =
    (name: string) =>
    (...args: unknown[]) =>
      call(name, args);
  return new Proxy(Object.create(null), {
    get(_target, name) {
      if (name === 'toString') return () => `plugin '${plugin}'`;
      if (typeof name !== 'string' || ASKED_BY_LANGUAGE.has(name)) return undefined;
      return getOrMake(functions, name, caller);
    },
    set: () => false,
    defineProperty: () => false,
    deleteProperty: () => false,
  });
}
