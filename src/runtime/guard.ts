import module from 'node:module';
import { type Deniable, whyDenied } from '../permissions.ts';

type Load = (request: string, ...rest: unknown[]) => unknown;
interface Resolving {
  resolve(specifier: string, context: object, next: (specifier: string, context: object) => object): object;
}

/** What this thread may not reach although it is there. */
const GLOBALS: Partial<Record<Deniable, readonly string[]>> = {
  net: ['fetch', 'WebSocket', 'EventSource'],
};

/**
 * Keeps modules of Node from the plugin, however it asks for them. A guard rail: code that means to get around it in the
 * host's own process will. The build says the same of imports that it sees, with their place.
 */
export function denyModules(denied: readonly Deniable[]): void {
  if (denied.length === 0) return;
  const check = (name: unknown) => {
    const why = whyDenied(String(name), denied);
    if (why !== undefined) throw Object.assign(new Error(why), { code: 'ERR_PERMISSION_DENIED' });
  };
  const loader = module as unknown as { _load: Load; registerHooks?: (hooks: Resolving) => void };
  const load = loader._load;
  loader._load = (request, ...rest) => {
    check(request);
    return load.call(loader, request, ...rest);
  };
  // Since Node 22.15; before it, an import() of a name that is put together at run time is not seen.
  loader.registerHooks?.({
    resolve: (specifier, context, next) => {
      check(specifier);
      return next(specifier, context);
    },
  });
  guardFunction(process, 'getBuiltinModule', check);
  guardFunction(process, 'binding', check);
  for (const name of denied.flatMap((each) => GLOBALS[each] ?? [])) forbidGlobal(name);
}

function guardFunction(owner: object, name: string, check: (name: unknown) => void): void {
  const original = Reflect.get(owner, name) as ((...args: unknown[]) => unknown) | undefined;
  if (original === undefined) return;
  Reflect.set(owner, name, (...args: unknown[]) => {
    check(args[0]);
    return original.apply(owner, args);
  });
}

function forbidGlobal(name: string): void {
  if (!(name in globalThis)) return;
  Object.defineProperty(globalThis, name, {
    configurable: false,
    value: () => {
      const text = `The plugin may not use ${name}: permissions.net is not granted`;
      throw Object.assign(new Error(text), { code: 'ERR_PERMISSION_DENIED' });
    },
  });
}
