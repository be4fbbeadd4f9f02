import { BulkheadError } from '../errors.ts';
import { insteadOfFunction } from '../instead-of-function.ts';

/**
 * The functions plugins may call as `ctx.bot`: own, enumerable functions of the object, by name, and nothing else of it.
 *
 * @throws {BulkheadError} `ERR_INVALID_OPTIONS` for something else than functions, unless it is an instance of a class, and
 * for an instance whose functions are all on its class.
 */
export class BotFunctions {
  readonly #functions = new Map<string, (...args: unknown[]) => unknown>();

  constructor(bot: object) {
    for (const [name, value] of Object.entries(bot)) {
      if (insteadOfFunction(value) === undefined) this.#functions.set(name, value.bind(bot));
    }
    const prototype = Object.getPrototypeOf(bot);
    if (prototype === Object.prototype || prototype === null) checkFunctions(bot);
    else if (this.#functions.size === 0) {
      throw new BulkheadError(
        'ERR_INVALID_OPTIONS',
        `Wrong options of PluginManager: 'bot' is a ${prototype.constructor?.name ?? 'class'} without own functions. ` +
          'List what plugins may call: { send: (channel, text) => client.send(channel, text) }',
      );
    }
  }

  get names(): string[] {
    return [...this.#functions.keys()];
  }

  call(name: string, args: unknown[]): unknown {
    const found = this.#functions.get(name);
    if (found !== undefined) return found(...args);
    throw new BulkheadError(
      'ERR_NO_SUCH_METHOD',
      `The bot offers no function '${name}' (it has: ${this.names.join(', ') || 'none'})`,
    );
  }
}

function checkFunctions(bot: object): void {
  for (const [name, value] of Object.entries(bot)) {
    const found = insteadOfFunction(value);
    if (found === undefined || value === undefined) continue;
    const text = `Wrong options of PluginManager: 'bot.${name}': expected a function, got ${found}`;
    throw new BulkheadError('ERR_INVALID_OPTIONS', text);
  }
}
