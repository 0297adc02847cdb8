import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: 'test/support/setup.ts',
    // Ending an engine of many containers takes some seconds.
    teardownTimeout: 60_000,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // The suite starts real processes, and waits for most of its time; a machine of two cores is the smallest it must pass on.
    maxWorkers: 3,
    // On a shared machine a test of real processes may be starved; it is tried again there, twice at most, and named. Random ones never are.
    retry: process.env.CI ? 2 : 0,
  },
})
