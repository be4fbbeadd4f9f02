import type { Remote } from './runtime/api.ts';

/** What JavaScript asks of any object that is awaited, logged or printed; nobody would take care of the promise. */
const ASKED_BY_LANGUAGE = new Set(['then', 'toJSON', 'valueOf']);

/** The functions of a plugin, each returning a promise. It stands for the name: reloads do not concern it. */
export function pluginProxy<T>(
  plugin: string,
  call: (method: string, args: unknown[]) => Promise<unknown>,
): Remote<T> {
  const functions = new Map<string, (...args: unknown[]) => Promise<unknown>>();
  return new Proxy(Object.create(null), {
    get(_target, name) {
      if (name === 'toString') return () => `plugin '${plugin}'`;
      if (typeof name !== 'string' || ASKED_BY_LANGUAGE.has(name)) return undefined;
      let found = functions.get(name);
      if (found === undefined) {
        found = (...args) => call(name, args);
        functions.set(name, found);
      }
      return found;
    },
    set: () => false,
    defineProperty: () => false,
    deleteProperty: () => false,
  });
}
