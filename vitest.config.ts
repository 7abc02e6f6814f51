import { defineConfig } from 'vitest/config';
import { HOOK_MS_MAX, TEST_MS_MAX, WAIT_MS_MAX } from './test/deadline.ts';

export default defineConfig({
  test: {
    // As podlog itself is started: without this V8 may end a process that has used fetch much (nodejs/node#64500).
    execArgv: ['--wasm-wrapper-tiering-budget=1000000000'],
    include: ['test/**/*.test.ts'],
    exclude: ['test/e2e/**', 'node_modules/**'],
    testTimeout: TEST_MS_MAX,
    hookTimeout: HOOK_MS_MAX,
    expect: { poll: { timeout: WAIT_MS_MAX } },
  },
});
