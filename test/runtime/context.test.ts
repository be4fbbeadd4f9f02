import { expect, it } from 'vitest';
import { loadedBench, pluginSource } from '../support/workspace.ts';

const NEEDS_NO_GENERATOR = 'needs a function, got generator function, of which a call runs nothing';

it.each([
  [`ctx.state.update('k', 5 as never)`, 'ctx.state.update needs a function, got number'],
  [
    `ctx.offload(new URL('./_job.js', import.meta.url), 1, { signal: 5 as never })`,
    'ctx.offload: signal: expected an AbortSignal, got 5',
  ],
  [`ctx.on('x', function* () {})`, `ctx.on ${NEEDS_NO_GENERATOR}`],
  [`ctx.on('x', async function* () {})`, `ctx.on ${NEEDS_NO_GENERATOR}`],
  [`ctx.command('x', function* () {} as never)`, `ctx.command ${NEEDS_NO_GENERATOR}`],
  [`ctx.command('x', {}, function* () {} as never)`, `ctx.command ${NEEDS_NO_GENERATOR}`],
  [`ctx.command(Symbol('x') as never, () => {})`, expect.stringMatching(/^Symbol\(x\) cannot be a command;/)],
  [`ctx.command(1n as never, {}, () => {})`, expect.stringMatching(/^1n cannot be a command;/)],
  [`ctx.every(1, function* () {})`, `ctx.every ${NEEDS_NO_GENERATOR}`],
  [`ctx.timeout(1, function* () {})`, `ctx.timeout ${NEEDS_NO_GENERATOR}`],
  [`ctx.onTeardown(function* () {})`, `ctx.onTeardown ${NEEDS_NO_GENERATOR}`],
  [`ctx.onConfig(function* () {})`, `ctx.onConfig ${NEEDS_NO_GENERATOR}`],
])('refuses what is no argument of its functions: %s', async (expression, message) => {
  const { manager } = await loadedBench(
    {
      'wrong.ts': pluginSource('wrong', `return { use: () => ${expression} };`),
      '_job.js': 'export default () => {};',
    },
    { hotReload: false },
  );
  const used = manager.plugin<{ use(): unknown }>('wrong').use();
  await expect(used).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT', message });
});
