// The restart tests: a program that dies at numbered points of each conversation, a seeded sample of them or all.
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sample, seed } from '../support/seed.ts';
import { conversations } from './conversations.ts';
import { crashAt, type Stage } from './crash.ts';
import { Town } from './town.ts';
import type { PlatformName } from './workspace.ts';

/** One crash takes seconds, most of it the two starts of the program. */
const LONGEST_CRASH_MS = 60_000;

/** `count` points of each conversation on a platform, chosen by the seed. */
export function restartSuite(platform: PlatformName, count: number): void {
  let stage: Stage;

  beforeAll(async () => {
    const town = await Town.build({ workspaces: [platform] });
    const office = town.whatsapp.createPhone({ number: '4915110000001', name: 'Acme' });
    const ana = town.desk.addPerson('Ana', 'ana@acme.test');
    await town.start();
    await town.link(office);
    await town.stop();
    stage = { town, office, ana };
  }, 120_000);

  afterAll(() => stage.town.close());

  describe.each(conversations)(`$name in ${platform}`, (scenario) => {
    let points = 0;

    test('passes many points when nothing happens', async () => {
      const log = path.join(await mkdtemp(path.join(tmpdir(), 'points-')), 'points');
      await crashAt(stage, scenario, 0, 'calm', log);
      points = (await readFile(log, 'utf8')).trim().split('\n').length;
      expect(points).toBeGreaterThan(40);
    }, 120_000);

    test(
      `loses and doubles nothing at ${count} points of seed ${seed}`,
      async () => {
        // How many points there are differs a little from run to run: the last ones may not be reached.
        let deaths = 0;
        const chosen = sample(`${platform} ${scenario.name}`, points, count);
        for (const dieAt of chosen) deaths += (await crashAt(stage, scenario, dieAt, `r${dieAt}`)).hasDied ? 1 : 0;
        expect(deaths).toBeGreaterThanOrEqual(chosen.length / 2);
      },
      count * LONGEST_CRASH_MS,
    );
  });
}
