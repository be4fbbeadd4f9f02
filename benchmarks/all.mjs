/**
 * Everything that is measured, one after the other, in at most a quarter of an hour. What takes long is cut short here: run
 * the parts by themselves for figures that count.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { readArguments } from './support/arguments.mjs';

/** @type {{ name: string, args: string[] }[]} */
const PARTS = [
  { name: 'micro', args: [] },
  { name: 'calls', args: ['--rounds', '5'] },
  { name: 'reload', args: ['--rounds', '50', '--edits', '12'] },
  { name: 'scale', args: ['--rounds', '2'] },
  { name: 'smooth', args: ['--storms', '5'] },
  { name: 'memory', args: ['--reloads', '500', '--settle', '0', '--minutes', '0.15', '--sizes', '135kb'] },
];

const { areas, quick } = readArguments(
  {},
  { areas: { of: PARTS.map(({ name }) => name), about: 'what to measure' } },
);
const startedAt = performance.now();
const failed = [];
for (const { name, args } of PARTS.filter((part) => areas.includes(part.name))) {
  process.stdout.write(`\n=== ${name}\n`);
  const script = fileURLToPath(new URL(`${name}.mjs`, import.meta.url));
  const { status } = spawnSync(process.execPath, [script, ...(quick ? ['--quick'] : args)], {
    stdio: 'inherit',
  });
  if (status !== 0) failed.push(name);
}
const minutes = ((performance.now() - startedAt) / 60_000).toFixed(1);
const missed = failed.length === 0 ? 'all targets met' : `targets missed, or failed: ${failed.join(', ')}`;
process.stdout.write(`\n${minutes} minutes; ${missed}\n`);
if (failed.length > 0) process.exitCode = 1;
