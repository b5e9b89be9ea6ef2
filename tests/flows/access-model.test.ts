// A sample of random lives of access on both stand-ins.
import { expect, test } from 'vitest';
import { seed } from '../support/seed.ts';
import { liveShortly, liveThrough } from './access-suite.ts';

test(`whatever happens, the people in both places are the model’s, and no reply of anybody else leaves (seed ${seed})`, async () => {
  expect(await liveThrough({ runs: 8, maxCommands: 45, hangs: false, budgetMs: 25_000 })).toBeGreaterThan(0);
}, 120_000);

test('a short life in which every rule has something to do goes as the model says', async () => {
  expect(await liveShortly()).toBeGreaterThan(10);
}, 120_000);
