import { defineConfig } from 'vitest/config';

/** Real containers and real processes. One file at a time: each has the machine to itself. */
export default defineConfig({
  test: {
    include: ['test/e2e/**/*.e2e.test.ts'],
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 60_000,
    // By name, so that a skipped test says why.
    reporters: ['verbose'],
  },
});
