import { defineConfig } from 'vitest/config'

export default defineConfig({
  // nothing in src/ keeps global state, so the test files may share one: three times as fast
  test: { include: ['test/**/*.test.ts'], testTimeout: 60_000, isolate: false },
})
