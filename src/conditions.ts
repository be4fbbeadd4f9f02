import { parseArgs } from 'node:util';

/**
 * Under which conditions this process resolves packages beside those of Node itself (`--conditions`, on the command line
 * or in `NODE_OPTIONS`): those of a plugin are resolved as the bot's own are.
 */
export const CONDITIONS: readonly string[] = parse([
  ...(process.env.NODE_OPTIONS?.split(/\s+/) ?? []),
  ...process.execArgv,
]);

/** With these, Node resolves under the same ones. */
export const CONDITION_FLAGS: readonly string[] = CONDITIONS.map((condition) => `--conditions=${condition}`);

function parse(args: string[]): string[] {
  const options = { conditions: { type: 'string', short: 'C', multiple: true } } as const;
  // Not strict: Node has checked them all, and most are unknown here. One without a text is then `true`.
  const { values } = parseArgs({ args, options, strict: false });
  return (values.conditions ?? []).filter((condition) => typeof condition === 'string');
}
