import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { ConfigureMessage, ConfigureReport } from '../wire/messages.ts';
import { validated } from './schema.ts';

export interface ConfigurationHost {
  /** Calls a handler on behalf of that invocation. */
  run(invocation: number, handler: () => unknown): unknown;
  /** The schema has let it pass, and the plugin's handlers are next. */
  checked(): void;
}

/** The plugin's configuration, as its schema made it of what the host gave. */
export class Configuration {
  schema: StandardSchemaV1 | undefined;
  /** What `ctx.onConfig` got. */
  readonly handlers: ((config: never) => unknown)[] = [];
  readonly #host: ConfigurationHost;
  #value: unknown;
  /** The invocation by which another is just being given; `undefined` if that was given up. */
  #changing: number | undefined;
  /** The one before, as long as the handlers are just being given another. */
  #before: { value: unknown } | undefined;

  constructor(host: ConfigurationHost) {
    this.#host = host;
  }

  get value(): unknown {
    return this.#value;
  }

  async takeFirst(given: unknown): Promise<void> {
    this.#value = await this.#check(given);
  }

  /** Gives another one to the plugin's handlers, if it has any; if one of them throws, the plugin has the one before again. */
  async change({ invocation, config }: ConfigureMessage): Promise<ConfigureReport> {
    this.#changing = invocation;
    const checked = await this.#check(config);
    if (this.handlers.length === 0 || this.#changing !== invocation) return { applied: false };
    this.#host.checked();
    const before = { value: this.#value };
    this.#before = before;
    this.#value = checked;
    try {
      for (const handler of this.handlers) await this.#host.run(invocation, () => handler(checked as never));
    } catch (error) {
      this.#goBackTo(before);
      throw error;
    }
    if (this.#before === before) this.#before = undefined;
    return { applied: true };
  }

  /** The plugin has the one before again; handlers that still run with the other one may end when they like. */
  giveUp(): void {
    this.#changing = undefined;
    this.#goBackTo(this.#before);
  }

  async #check(given: unknown = {}): Promise<unknown> {
    return this.schema === undefined ? given : await validated(this.schema, given);
  }

  /** Unless that was done already, or the plugin has it. */
  #goBackTo(before: { value: unknown } | undefined): void {
    if (before === undefined || this.#before !== before) return;
    this.#before = undefined;
    this.#value = before.value;
  }
}
