// Many random lives of access on both stand-ins, with calls that hang.
import { expect, test } from 'vitest';
import { seed } from '../support/seed.ts';
import { liveThrough } from './access-suite.ts';

test(
  `whatever happens, the people in both places are the model’s, and no reply of anybody else leaves (seed ${seed})`,
  async () => {
    expect(await liveThrough({ runs: 100, maxCommands: 90, hangs: true, budgetMs: 6 * 60_000 })).toBeGreaterThan(0);
  },
  9 * 60_000,
);
