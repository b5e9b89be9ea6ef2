// How tests run: real PostgreSQL for all files of a run, each file in a process of its own.
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { planted } from './tests/support/plants.ts';

/** With PLANT set, the fault of that name is put into the source: see tests/flows/plants-suite.ts. */
const planting = {
  name: 'planting',
  enforce: 'pre' as const,
  transform: (code: string, file: string) => {
    const withFault = planted(file, code);
    return withFault === undefined ? undefined : { code: withFault, map: null };
  },
};

/** Vitest begins with the largest files; of ours those take longest that hold the least. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.toSorted((one, other) => rank(one.moduleId) - rank(other.moduleId));
  }
}

const RANKS = ['.all.test.ts', '/tests/flows/'];

function rank(file: string): number {
  const found = RANKS.findIndex((part) => file.includes(part));
  return found === -1 ? RANKS.length : found;
}

const isPlanted = process.env['PLANT'] !== undefined;

export default defineConfig({
  plugins: isPlanted ? [planting] : [],
  test: {
    // Vitest keeps what it transformed and knows nothing of plants: neither may a fault be left out, nor stay for the next run.
    fsModuleCache: !isPlanted,
    globalSetup: ['tests/support/global-postgres.ts'],
    setupFiles: ['tests/seed.ts'],
    pool: 'forks',
    // More than the cores: flow tests wait for others most of the time.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    testTimeout: 90_000,
    hookTimeout: 120_000,
    include: ['tests/**/*.test.ts'],
  },
});
