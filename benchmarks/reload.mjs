/** From a save to the new version: Bulkhead's own part of it, and the whole of it beside what else a bot could use. */
import { compareServing } from './reload/compare.mjs';
import { measureOwn } from './reload/own.mjs';
import { readArguments } from './support/arguments.mjs';
import { systemsOption } from './systems/catalogue.mjs';

const args = readArguments(
  {
    rounds: { full: 200, quick: 10, about: 'reloads of each plugin' },
    rest: { full: 120, quick: 120, about: 'ms between two reloads, for the next standby to boot' },
    edits: { full: 100, quick: 1, about: 'edits in each system' },
  },
  {
    parts: { of: ['own', 'compare'], about: 'what to measure' },
    systems: systemsOption('serving'),
  },
);

if (args.parts.includes('own')) await measureOwn(args);
if (args.parts.includes('compare')) await compareServing(args);
