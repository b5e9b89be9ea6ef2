// How tests run: real PostgreSQL for all files of a run, each file in a process of its own.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    globalSetup: ['tests/support/global-postgres.ts'],
    setupFiles: ['tests/seed.ts'],
    pool: 'forks',
    // More than the cores: flow tests wait for others most of the time.
    maxWorkers: 3,
    testTimeout: 90_000,
    hookTimeout: 120_000,
    include: ['tests/**/*.test.ts'],
  },
});
