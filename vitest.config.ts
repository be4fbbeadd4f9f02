import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // The native watcher must not be loaded in a worker thread, and the tests start threads of their own.
    pool: 'forks',
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // A shared machine may stall for seconds; a test that needs its second try is still named in the output.
    retry: process.env.CI ? 2 : 0,
    // What is tested is what ships: the built files, loaded by Node itself.
    server: { deps: { external: [/\/dist\//] } },
    projects: [
      { extends: true, test: { name: 'thread', include: ['test/**/*.test.ts', 'plugins/**/*.test.ts'] } },
      // What a plugin sees and what becomes of it must not depend on where it runs.
      {
        extends: true,
        test: {
          name: 'process',
          include: [
            'test/isolate/**/*.test.ts',
            'test/process/permissions.test.ts',
            'test/platform/**/*.test.ts',
            'test/supervise/**/*.test.ts',
            'test/swap/**/*.test.ts',
          ],
          env: { TEST_ISOLATION: 'process' },
        },
      },
    ],
  },
});
