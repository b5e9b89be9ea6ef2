// Nothing lost, nothing doubled: the program dies before or after a write, a call or a frame, in the middle of a conversation. A seeded sample.
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { conversations } from './conversations.ts';
import { crashAt, type Stage } from './crash.ts';
import { sample, seed } from '../support/seed.ts';
import { Town } from './town.ts';

const SAMPLES = 5;
let stage: Stage;

beforeAll(async () => {
  const town = await Town.build();
  const office = town.whatsapp.createPhone({ number: '4915110000001', name: 'Acme' });
  const ana = town.person('Ana', 'ana@acme.test');
  await town.start();
  await town.link(office);
  await town.stop();
  stage = { town, office, ana };
}, 120_000);

afterAll(() => stage.town.close());

describe.each(conversations)('$name', (scenario) => {
  let points = 0;

  test('passes many points when nothing happens', async () => {
    const log = path.join(await mkdtemp(path.join(tmpdir(), 'points-')), 'points');
    await crashAt(stage, scenario, 0, 'calm', log);
    points = (await readFile(log, 'utf8')).trim().split('\n').length;
    expect(points).toBeGreaterThan(40);
  }, 120_000);

  test(`loses and doubles nothing at ${SAMPLES} points of seed ${seed}`, async () => {
    for (const dieAt of sample(scenario.name, points, SAMPLES)) {
      const run = await crashAt(stage, scenario, dieAt, `r${dieAt}`);
      expect.soft(run.hasDied, `died at point ${dieAt}`).toBe(true);
    }
  }, 300_000);
});
