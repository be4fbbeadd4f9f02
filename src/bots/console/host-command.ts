/** A command that the bot itself answers. */
export interface HostCommand {
  readonly name: string;
  readonly usage: string;
  readonly description: string;
  /** The answer; `undefined` if what it did has been told already. Rejects with an error whose message is the answer. */
  run(args: string[]): Promise<string | undefined>;
}
