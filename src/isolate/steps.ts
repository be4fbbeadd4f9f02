import { isRecord } from '../wire/check.ts';
import type { Link } from '../wire/link.ts';
import type { ConfigureReport, LoadMessage, PluginMetadata, StateEntries } from '../wire/messages.ts';
import * as check from './check-notes.ts';
import type { Generation } from './generation.ts';

/**
 * What the host asks of a generation in the course of its life: load, checkConfig, migrate, setup; then configure as often as
 * need be; teardown.
 */
export class Steps {
  readonly #generation: Generation;
  readonly #link: Link;
  #metadata!: PluginMetadata;
  #checksConfig = false;
  #isTearingDown = false;

  constructor(generation: Generation, link: Link) {
    this.#generation = generation;
    this.#link = link;
  }

  /** What the module says of itself. Only after {@link load}. */
  get metadata(): PluginMetadata {
    return this.#metadata;
  }

  /** Imports the module and checks what it says of itself. */
  async load(message: LoadMessage): Promise<PluginMetadata> {
    const { metadata, inputs } = check.checkMetadata(await this.#link.request('load', message));
    this.#metadata = metadata;
    await this.#generation.build.inputs.addFiles(inputs);
    return metadata;
  }

  /** Gives it the configuration that it starts with, if its schema accepts that. */
  async checkConfig(config: unknown): Promise<void> {
    await this.#link.request('checkConfig', { config });
  }

  async migrate(entries: StateEntries, fromVersion: number): Promise<StateEntries> {
    return check.checkStateEntries(await this.#link.request('migrate', { entries, fromVersion }));
  }

  async setup(entries: StateEntries): Promise<void> {
    const report = await this.#during('setup', (invocation) => ({ invocation, entries }));
    await this.#generation.build.inputs.addFiles(check.checkSetupReport(report).inputs);
  }

  /** Its schema has not said yet what it makes of the configuration that it is just being given. */
  get checksConfig(): boolean {
    return this.#checksConfig;
  }

  /** Its schema has said so. */
  configIsChecked(): void {
    this.#checksConfig = false;
  }

  async configure(config: unknown): Promise<ConfigureReport> {
    this.#checksConfig = true;
    const report = await this.#during('configure', (invocation) => ({ invocation, config }));
    return { applied: isRecord(report) && report.applied === true };
  }

  /** The configuration that it is just being given is not waited for any more: it keeps the one before. */
  giveUpConfigure(): void {
    this.#generation.workload.giveUp('configure');
    this.#link.note('giveUpConfigure', undefined);
  }

  get isTearingDown(): boolean {
    return this.#isTearingDown;
  }

  /** Runs what the plugin registered with `onTeardown`. */
  async teardown(): Promise<void> {
    this.#isTearingDown = true;
    await this.#during('teardown', (invocation) => ({ invocation }));
  }

  #during(
    kind: 'setup' | 'teardown' | 'configure',
    message: (invocation: number) => unknown,
  ): Promise<unknown> {
    const generation = this.#generation;
    const invocation = { kind, parent: undefined, generation, isOver: false };
    return generation.workload.during(invocation, (number) => this.#link.request(kind, message(number)));
  }
}
