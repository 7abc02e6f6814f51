import { defineConfig } from 'vitest/config';

/** Real containers and real processes. One file at a time: each has the machine to itself. */
export default defineConfig({
  test: {
    // As podlog itself is started: without this V8 may end a process that has used fetch much (nodejs/node#64500).
    execArgv: ['--wasm-wrapper-tiering-budget=1000000000'],
    include: ['test/e2e/**/*.e2e.test.ts'],
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 60_000,
    // By name, so that a skipped test says why.
    reporters: ['verbose'],
  },
});
