import { expect, it } from 'vitest';
import { loadedBench, pluginSource } from '../support/workspace.ts';

it.each([
  [`ctx.state.update('k', 5 as never)`, 'ctx.state.update needs a function, got number'],
  [
    `ctx.offload(new URL('./_job.js', import.meta.url), 1, { signal: 5 as never })`,
    'ctx.offload: signal: expected an AbortSignal, got 5',
  ],
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
