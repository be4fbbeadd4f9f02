import { parseArgs } from 'node:util';

/**
 * Under which conditions this process resolves packages beside those of Node itself (`--conditions`, on the command line
 * or in `NODE_OPTIONS`): those of a plugin are resolved as the bot's own are.
 */
export const CONDITIONS: readonly string[] = parse([
  ...wordsOf(process.env.NODE_OPTIONS ?? ''),
  ...process.execArgv,
]);

/** With these, Node resolves under the same ones. */
export const CONDITION_FLAGS: readonly string[] = CONDITIONS.map((condition) => `--conditions=${condition}`);

/** As Node splits that variable: at spaces outside of double quotes, within which a backslash escapes. */
function wordsOf(options: string): string[] {
  const words = options.match(/(?:"(?:\\.|[^"\\])*"|[^" ])+/gs) ?? [];
  return words
    .map((word) => word.replace(/"((?:\\.|[^"\\])*)"/gs, (_, quoted) => quoted.replace(/\\(.)/gs, '$1')))
    .filter((word) => word !== '');
}

function parse(args: string[]): string[] {
  const options = { conditions: { type: 'string', short: 'C', multiple: true } } as const;
  // Not strict: Node has checked them all, and most are unknown here. One without a text is then `true`.
  const { values } = parseArgs({ args, options, strict: false });
  return (values.conditions ?? []).filter((condition) => typeof condition === 'string');
}
