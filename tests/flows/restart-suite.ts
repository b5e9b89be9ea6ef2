// The restart tests: the program dies before or after a write, a call or a frame, over and over in one conversation. Some chosen steps of each, or every one.
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sample, seed } from '../support/seed.ts';
import { conversations } from './conversations.ts';
import { playThroughDeaths, type Fate, type Stage } from './crash.ts';
import { Town } from './town.ts';
import type { PlatformName } from './workspace.ts';

/** One death takes seconds, most of it the next start of the program. */
const LONGEST_DEATH_MS = 60_000;
/** More deaths in one play, and its waits would become too long. */
const DEATHS_A_PLAY = 12;
/** Deaths by number come at any step of a life that may pass hundreds: this far on at most, and so many of them. */
const LONGEST_LIFE = 300;
const ANYWHERE = 40;

/**
 * A step is a write to the database, a call or a frame, before it and after it, by name. `count` steps of each conversation are died at, chosen by
 * the seed; with `every` all of them are, and then more lives end at points of any number, so that a name's later occurrences are met too.
 * `only`: the name of one of the conversations, instead of all.
 */
export function restartSuite(platform: PlatformName, count: number | 'every', only?: string): void {
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

  const played = conversations.filter(({ name }) => only === undefined || name === only);
  describe.each(played)(`$name in ${platform}`, (scenario) => {
    let steps: string[] = [];

    /** Plays until each fate came, or couldn't; how many came. */
    async function meet(fates: readonly Fate[], run: string): Promise<number> {
      let [left, deaths, plays] = [[...fates], 0, 0];
      while (left.length > 0) {
        plays += 1;
        const met = await playThroughDeaths(stage, scenario, left.slice(0, DEATHS_A_PLAY), `${run}${plays}`);
        deaths += met.length;
        // Fates come in their order: the one after the last didn't come in a whole play.
        left = left.slice(met.length < Math.min(left.length, DEATHS_A_PLAY) ? met.length + 1 : met.length);
      }
      return deaths;
    }

    test('passes many steps when nothing happens', async () => {
      const log = path.join(await mkdtemp(path.join(tmpdir(), 'points-')), 'points');
      await playThroughDeaths(stage, scenario, [], 'calm', log);
      steps = [...new Set((await readFile(log, 'utf8')).trim().split('\n'))];
      expect(steps.length).toBeGreaterThan(40);
    }, 240_000);

    test(
      `loses and doubles nothing at ${count} steps, seed ${seed}`,
      async () => {
        const { length } = steps;
        const chosen =
          count === 'every' ? steps : sample(`${platform} ${scenario.name}`, length, count).map((n) => steps[n - 1]!);
        const deaths = await meet(
          chosen.map((name) => ({ name })),
          'a',
        );
        // A few steps belong to the first start alone, or depend on what happens to be first.
        expect(deaths).toBeGreaterThanOrEqual(Math.floor(chosen.length * 0.6));
        if (count !== 'every') return;
        const numbers = sample(`${platform} ${scenario.name} anywhere`, LONGEST_LIFE, ANYWHERE);
        expect(
          await meet(
            numbers.map((at) => ({ at })),
            'b',
          ),
        ).toBeGreaterThanOrEqual(ANYWHERE * 0.3);
      },
      (count === 'every' ? 300 : count) * LONGEST_DEATH_MS,
    );
  });
}
