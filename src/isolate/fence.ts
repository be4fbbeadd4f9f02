import { BulkheadError } from '../errors.ts';

/** Keeps what its successor has replaced from changing anything, and counts what it tries. */
export class Fence {
  readonly #generation: { readonly plugin: string; readonly number: number };
  #isClosed = false;
  #refused = 0;

  constructor(generation: { readonly plugin: string; readonly number: number }) {
    this.#generation = generation;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  close(): void {
    this.#isClosed = true;
  }

  unlessClosed(change: () => void): void {
    if (this.#isClosed) this.#refused++;
    else change();
  }

  /** @throws {BulkheadError} `ERR_PLUGIN_FENCED` */
  throwIfClosed(): void {
    if (!this.#isClosed) return;
    this.#refused++;
    const { plugin, number } = this.#generation;
    const text = `Generation ${number} of plugin '${plugin}' was replaced and can no longer use the host`;
    throw new BulkheadError('ERR_PLUGIN_FENCED', text, { plugin, generation: number });
  }

  /** Says what was refused, if anything was. */
  report(log: (note: { level: 'warn'; fields: Record<string, unknown>; text: string }) => void): void {
    const refused = this.#refused;
    if (refused === 0) return;
    const text =
      `Generation ${this.#generation.number} tried to use the host after its end, and was refused (${refused} times). ` +
      'End what goes on by itself when ctx.signal aborts, or in ctx.onTeardown';
    log({ level: 'warn', fields: { refused }, text });
  }
}
