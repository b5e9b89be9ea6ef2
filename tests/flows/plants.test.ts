// The checks of the checks, a seeded few of the quick ones; and every plant still has its place in the source.
import { expect, test } from 'vitest';
import { checkPlace, plants } from '../support/plants.ts';
import { sample } from '../support/seed.ts';
import { plantSuite } from './plants-suite.ts';

const SAMPLED = 3;

test.each(plants.all)('“$name” has its place in the source', (plant) => {
  expect(() => checkPlace(plant)).not.toThrow();
});

test('there are twelve plants or more', () => {
  expect(plants.all.length).toBeGreaterThanOrEqual(12);
});

plantSuite(
  sample('plants', plants.quick.length, SAMPLED)
    .map((number) => plants.quick[number - 1])
    .filter((plant) => plant !== undefined),
);
