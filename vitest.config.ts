import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/** These measure the memory of the host, which also depends on how soon it gets to clear it up. */
const MEASURING = ['test/isolate/floods.test.ts', 'test/process/hostile-bytes.test.ts'];
const ALONE = { maxWorkers: 1, sequence: { groupOrder: 1 }, isolate: true };
const IN_PROCESSES = { TEST_ISOLATION: 'process' };

export default defineConfig({
  test: {
    // The native watcher must not be loaded in a worker thread, and the tests start threads of their own.
    pool: 'forks',
    // Most of the time they wait: with one worker, the default on two cores, the suite takes more than twice as long.
    maxWorkers: Math.max(4, availableParallelism() - 1),
    // Longer than a test waits for one thing, so that it says which.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // A process for each file would take a sixth of the time, to load the same modules again.
    isolate: false,
    // A shared machine may stall for seconds; a test that needs its second try is still named in the output.
    retry: process.env.CI ? 2 : 0,
    // What is tested is what ships: the built files, loaded by Node itself.
    server: { deps: { external: [/\/dist\//] } },
    projects: [
      {
        extends: true,
        test: { name: 'thread', include: ['test/**/*.test.ts', 'plugins/**/*.test.ts'], exclude: MEASURING },
      },
      // What a plugin sees and what becomes of it must not depend on where it runs.
      {
        extends: true,
        test: {
          name: 'process',
          include: [
            'test/isolate/**/*.test.ts',
            'test/process/permissions.test.ts',
            'test/platform/**/*.test.ts',
            'test/runtime/**/*.test.ts',
            'test/supervise/**/*.test.ts',
            'test/swap/**/*.test.ts',
          ],
          // Of threads that are nobody's plugin.
          exclude: [...MEASURING, 'test/isolate/thread-whereabouts.test.ts'],
          env: IN_PROCESSES,
        },
      },
      // After the others, one at a time.
      { extends: true, test: { name: 'thread-alone', include: MEASURING, ...ALONE } },
      {
        extends: true,
        test: {
          name: 'process-alone',
          include: ['test/isolate/floods.test.ts'],
          env: IN_PROCESSES,
          ...ALONE,
        },
      },
    ],
  },
});
