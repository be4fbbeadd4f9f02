import { parseArgs } from 'node:util';
import { didYouMean, nearest } from '../nearest.ts';

export interface RunArguments {
  kind: 'run';
  /** Empty: what the configuration file says. */
  plugins: string[];
  config: string | undefined;
  hotReload: boolean;
  user: string | undefined;
}

export type Arguments = RunArguments | { kind: 'help' } | { kind: 'version' };

/** The command line cannot be understood. */
export class UsageError extends Error {}

const OPTIONS = {
  plugins: { type: 'string', multiple: true },
  config: { type: 'string' },
  'no-hot-reload': { type: 'boolean' },
  user: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'v' },
} as const;

export const HELP = `Usage: bulkhead [options]

Runs the plugins of a directory as a bot in the terminal, each in a thread of its own, and reloads a
plugin when its file is saved. Type !help for the commands; any other line is a chat message.

  --plugins DIR      directory with plugins; may be given several times (default: plugins)
  --config FILE      configuration file (default: bulkhead.config.json, if there is one)
  --no-hot-reload    do not watch the plugins' files
  --user NAME        as whom you speak to the plugins (default: your login name)
  -h, --help         show this
  -v, --version      show the version

Exit codes: 0 at the end of the input, 130, 143 and 129 after SIGINT, SIGTERM and SIGHUP, 137 if a plugin
had to be ended by force, 1 if the configuration cannot be used, 2 if the command line cannot.
`;

/** @throws {UsageError} */
export function parseArguments(argv: string[]): Arguments {
  const { values } = parse(argv);
  if (values.help) return { kind: 'help' };
  if (values.version) return { kind: 'version' };
  for (const [name, value] of Object.entries(values)) {
    if ([value].flat().includes('')) throw new UsageError(`--${name} needs a value`);
  }
  return {
    kind: 'run',
    plugins: values.plugins ?? [],
    config: values.config,
    hotReload: !values['no-hot-reload'],
    user: values.user,
  };
}

function parse(argv: string[]) {
  try {
    return parseArgs({ args: argv, options: OPTIONS, strict: true });
  } catch (error) {
    // Node adds advice about positional arguments, of which there are none here.
    const [text = ''] = (error as Error).message.split(/\. |\n/, 1);
    const unknown = /^Unknown option '--([^']+)'/.exec(text)?.[1];
    const near = unknown && nearest(unknown, Object.keys(OPTIONS));
    throw new UsageError(text + didYouMean(near && `--${near}`));
  }
}
