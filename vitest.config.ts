import { defineConfig } from 'vitest/config'

export default defineConfig({
  // nothing in src/ keeps global state, so the test files may share one: three times as fast
  // what commands print is compared as text, whatever the terminal of the tests is told
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 60_000,
    isolate: false,
    env: { FORCE_COLOR: '' },
  },
})
