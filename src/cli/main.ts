#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { HELP, parseArguments, UsageError } from './arguments.ts';
import { applyMemorySettings } from './memory-settings.ts';

try {
  const args = parseArguments(process.argv.slice(2));
  if (args.kind === 'help') process.stdout.write(HELP);
  else if (args.kind === 'version') process.stdout.write(`${version()}\n`);
  else {
    applyMemorySettings([...args.plugins, args.config ?? '']);
    // Loaded when it is wanted: the help does not wait for it.
    await (await import('./run.ts')).run(args);
  }
} catch (error) {
  if (error instanceof UsageError) {
    process.stderr.write(`bulkhead: ${error.message}\nTry 'bulkhead --help'.\n`);
    process.exitCode = 2;
  } else {
    process.stderr.write(`bulkhead: ${(error as Error).message}\n`);
    process.exitCode = 1;
  }
}

function version(): string {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return version;
}
