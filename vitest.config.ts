import { defineConfig } from 'vitest/config';

/** `unit` is quick and stands beside the code; `e2e` runs whole programs and official SDKs, `containers` the images. */
export default defineConfig({
  test: {
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // In CI a test that fails gets a second try, and the reporter below names each that needed it.
    retry: process.env['CI'] === 'true' ? 1 : 0,
    // libtss2 writes what it thinks of malformed input to the terminal; the tests look at what it returns.
    env: { TSS2_LOG: 'all+none' },
    projects: [
      {
        extends: true,
        test: { name: 'unit', include: ['{harness,simulators,reports,testing,scripts,bench}/**/*.test.ts'] },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['test/**/*.test.ts'],
          exclude: ['test/containers/**'],
          testTimeout: 120_000,
          fileParallelism: false,
          // After the unit tests: time-outs are what many of these are about, and they want the cores.
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'containers',
          include: ['test/containers/**/*.test.ts'],
          globalSetup: 'test/containers/global-setup.ts',
          // One file after the other: they count what is left on the machine.
          fileParallelism: false,
          // After the others: images are built and TPMs made here, and that costs every core.
          sequence: { groupOrder: 2 },
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
});
