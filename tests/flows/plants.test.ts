// The checks of the checks, a seeded few of the quick ones and one of access; and every plant still has its place in the source.
import { expect, test } from 'vitest';
import { checkPlace, plants, type Plant } from '../support/plants.ts';
import { sample } from '../support/seed.ts';
import { plantSuite } from './plants-suite.ts';

const SAMPLED = 3;

test.each(plants.all)('“$name” has its place in the source', (plant) => {
  expect(() => checkPlace(plant)).not.toThrow();
});

test('there are twelve plants or more', () => {
  expect(plants.all.length).toBeGreaterThanOrEqual(12);
});

const chosen = (name: string, from: readonly Plant[], count: number): Plant[] =>
  sample(name, from.length, count).flatMap((number) => from[number - 1] ?? []);

plantSuite([...chosen('plants', plants.quick, SAMPLED), ...chosen('faults of access', plants.access, 1)]);
