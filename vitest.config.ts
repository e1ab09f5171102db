import { defineConfig } from 'vitest/config';

/** `unit` is quick and stands beside the code; `e2e` runs whole programs, containers of processes and official SDKs. */
export default defineConfig({
  test: {
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // libtss2 writes what it thinks of malformed input to the terminal; the tests look at what it returns.
    env: { TSS2_LOG: 'all+none' },
    projects: [
      {
        extends: true,
        test: { name: 'unit', include: ['{harness,simulators,reports,scripts,bench}/**/*.test.ts'] },
      },
      {
        extends: true,
        test: { name: 'e2e', include: ['test/**/*.test.ts'], testTimeout: 120_000, fileParallelism: false },
      },
    ],
  },
});
