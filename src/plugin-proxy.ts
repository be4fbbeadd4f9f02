import type { Remote } from './runtime/api.ts';

/** The functions of a plugin, each returning a promise. It stands for the name: reloads do not concern it. */
export function pluginProxy<T>(call: (method: string, args: unknown[]) => Promise<unknown>): Remote<T> {
  const functions = new Map<string, (...args: unknown[]) => Promise<unknown>>();
  return new Proxy(Object.create(null), {
    get(_target, name) {
      // A promise would be awaited by whoever returns the proxy from an async function.
      if (typeof name !== 'string' || name === 'then') return undefined;
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
