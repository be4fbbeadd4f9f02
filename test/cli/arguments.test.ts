import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { runToEnd } from './program.ts';

it.each([['--help'], ['-h']])('explains every option with %s', async (option) => {
  const { code, out, err } = await runToEnd({}, '', [option]);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  for (const name of [
    '--plugins DIR',
    '--config FILE',
    '--no-hot-reload',
    '--user NAME',
    '--help',
    '--version',
  ])
    expect(out).toContain(name);
});

it('shows its version with --version', async () => {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  const { code, out } = await runToEnd({}, '', ['--version']);
  expect({ code, out }).toEqual({ code: 0, out: `${version}\n` });
});

it.each([
  [['--plugin', 'x'], "bulkhead: Unknown option '--plugin' (did you mean '--plugins'?)"],
  [['--frobnicate'], "bulkhead: Unknown option '--frobnicate'"],
  [['-x'], "bulkhead: Unknown option '-x'"],
  [['plugins'], "bulkhead: Unexpected argument 'plugins'"],
  [['--plugins'], "bulkhead: Option '--plugins <value>' argument missing"],
  [['--user='], 'bulkhead: --user needs a value'],
])('refuses %j with code 2 and says why', async (args, text) => {
  const { code, out, err } = await runToEnd({}, '', args);
  expect({ code, out, err }).toEqual({ code: 2, out: '', err: `${text}\nTry 'bulkhead --help'.\n` });
});
