import { inspect } from 'node:util';
import { BulkheadError } from '../errors.ts';
import { insteadOfFunction } from '../instead-of-function.ts';

/** The functions that `setup` returned, for others to call. */
export class PluginFunctions {
  readonly #returned: Record<string, unknown>;

  /** @param warn told of what nobody can call */
  constructor(returned: unknown, warn: (text: string) => void) {
    const isObject = typeof returned === 'object' && returned !== null;
    this.#returned = isObject ? (returned as Record<string, unknown>) : {};
    // A function may be what ctx.on or ctx.command gave.
    if (!['object', 'function', 'undefined'].includes(typeof returned))
      warn(`setup() returned ${inspect(returned)}; expected an object of functions that others can call`);
    for (const [key, value] of Object.entries(this.#returned)) {
      const found = insteadOfFunction(value);
      if (found === undefined || value === undefined) continue;
      warn(`setup() returned '${key}', which is no function (${found}): nobody can call it`);
    }
  }

  /** Throws `ERR_NO_SUCH_METHOD` besides what the function throws. */
  call(name: string, args: unknown[]): unknown {
    const own = Object.hasOwn(this.#returned, name) ? this.#returned[name] : undefined;
    if (isCallable(own)) return own.apply(this.#returned, args);
    const known = Object.keys(this.#returned).filter((key) => isCallable(this.#returned[key]));
    const text = `The plugin returned no function '${name}' from setup (it has: ${known.join(', ') || 'none'})`;
    const hint = name in this.#returned ? `. '${name}' is inherited; only own functions can be called` : '';
    throw new BulkheadError('ERR_NO_SUCH_METHOD', text + hint);
  }
}

function isCallable(value: unknown): value is (...args: unknown[]) => unknown {
  return insteadOfFunction(value) === undefined;
}
