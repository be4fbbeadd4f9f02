/** What many reloads leave behind: in Bulkhead, looked at closely, and in what else a bot could use. */
import { compareMemory, SIZES } from './memory/compare.mjs';
import { measureLeaks } from './memory/leaks.mjs';
import { readArguments } from './support/arguments.mjs';
import { systemsOption } from './systems/catalogue.mjs';

const args = readArguments(
  {
    reloads: { full: 10_000, quick: 30, about: 'reloads, and bare threads' },
    samples: { full: 50, quick: 10, about: 'samples taken over the run' },
    // V8 keeps the pages of threads that ended for 8 s since Node 24, so that how many depends on how soon others follow.
    settle: { full: 9_000, quick: 0, least: 0, about: 'ms without reloads before each sample' },
    minutes: { full: 20, quick: 0.05, fraction: true, about: 'longest time for each system and size' },
  },
  {
    parts: { of: ['leaks', 'compare'], about: 'what to measure' },
    sizes: { of: SIZES.map(({ key }) => key), about: 'sizes of the plugin that is compared' },
    systems: systemsOption('memory'),
  },
);

if (args.parts.includes('leaks')) await measureLeaks(args);
if (args.parts.includes('compare')) await compareMemory(args);
