import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/e2e/**', 'node_modules/**'],
    testTimeout: 60_000,
    // What a test waits for comes late on a busy machine.
    expect: { poll: { timeout: 20_000 } },
  },
});
