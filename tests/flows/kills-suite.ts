// Kills at random moments: customers write and agents answer without a break, while the program, its PostgreSQL, or both are killed again and again.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Group, Phone } from '../../simulators/whatsapp/index.ts';
import type { DatabaseAddress } from '../../src/runtime/database-url.ts';
import { chance, seed } from '../support/seed.ts';
import { channelOf, channelWith, texts } from './desk.ts';
import { introduce } from './introduce.ts';
import { Town } from './town.ts';
import type { PlatformName, TownPerson } from './workspace.ts';

/** How long a customer and an agent wait between two things they say, at most. */
const BETWEEN_MS = 1_500;
/** How long the program lives before it's killed, at most: from the middle of its start to well into its work. */
const LONGEST_LIFE_MS = 5_000;
/** Of ten kills, how many hit the program alone, and how many the server alone; the others hit both. */
const [PROGRAM_ONLY, SERVER_ONLY] = [6, 8];

/** A conversation that goes on: who writes in it, and what was said so far, in order. */
interface Talk {
  readonly name: string;
  readonly to: Phone | Group;
  readonly writers: readonly Phone[];
  readonly agent: TownPerson;
  readonly asked: string[];
  readonly answered: string[];
}

/** The program has an embedded PostgreSQL of its own here, which can be killed. */
export function killsSuite(platform: PlatformName, killCount: number): void {
  const random = chance(`kills ${platform}`);
  let town: Town;
  let dataDir: string;
  let talks: readonly Talk[];

  const serverPid = async (): Promise<readonly string[]> =>
    (await readFile(path.join(dataDir, 'pg18/postmaster.pid'), 'utf8').catch(() => '')).split('\n');

  /** Where the embedded server listens at this moment. */
  async function address(): Promise<DatabaseAddress> {
    const [, , , port, host] = await serverPid();
    return { host: host ?? '', port: Number(port), user: 'switchboard', dbName: 'switchboard' };
  }

  async function killServer(): Promise<void> {
    const pid = Number((await serverPid())[0]);
    try {
      if (pid > 0) process.kill(pid, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }

  beforeAll(async () => {
    town = await Town.build({ workspaces: [platform] });
    dataDir = await mkdtemp(path.join(tmpdir(), 'switchboard-kills-'));
    delete town.settings['DATABASE_URL'];
    town.settings['DATA_DIR'] = dataDir;
    const [office, mia, leo, gina, hugo] = ['Acme', 'Mia', 'Leo', 'Gina', 'Hugo'].map((name, index) =>
      town.whatsapp.createPhone({ number: `491601000000${index}`, name }),
    ) as [Phone, Phone, Phone, Phone, Phone];
    const ana = town.desk.addPerson('Ana', 'ana@acme.test');
    const ben = town.desk.addPerson('Ben', 'ben@acme.test');
    const club = town.whatsapp.createGroup(gina, 'Club', [office, hugo]);
    await town.run().line('"msg":"at work"');
    await town.link(office);
    if (platform === 'discord') await introduce(await address(), [ana, ben]);
    talks = [
      { name: 'Mia', to: office, writers: [mia], agent: ana, asked: [], answered: [] },
      { name: 'Leo', to: office, writers: [leo], agent: ben, asked: [], answered: [] },
      { name: 'Club', to: club, writers: [gina, hugo], agent: ana, asked: [], answered: [] },
    ];
    for (const talk of talks) await ask(talk);
    for (const { name, agent } of talks) await channelWith(town, name, [agent]);
  }, 120_000);

  afterAll(async () => {
    await town.stop();
    await killServer();
    await town.close();
    await rm(dataDir, { recursive: true, force: true });
  });

  async function ask(talk: Talk): Promise<void> {
    const text = `${talk.name} asks ${talk.asked.length + 1}.`;
    const writer = talk.writers[talk.asked.length % talk.writers.length];
    talk.asked.push(text);
    await writer?.sendText(talk.to, text);
  }

  /** Answers under a message that is shown. */
  async function answer(talk: Talk): Promise<void> {
    const channel = channelOf(town.desk, talk.name);
    const root = channel?.posts.filter(({ text }) => text.includes(' asks ')).at(-1);
    if (channel === undefined || root === undefined) throw new Error(`${talk.name} has nothing to answer`);
    const text = `${talk.name} is told ${talk.answered.length + 1}.`;
    talk.answered.push(text);
    await talk.agent.say(channel, text, { replyTo: root });
  }

  /** Goes on until the signal; the moments are as random as the kills'. */
  async function talkOn(talk: Talk, say: (talk: Talk) => Promise<void>, over: AbortSignal): Promise<void> {
    while (!over.aborted) {
      await say(talk);
      await pause(random() * BETWEEN_MS);
    }
  }

  const seen = (phone: Phone | undefined, pattern: RegExp): readonly string[] =>
    (phone?.inbox ?? []).filter(({ fromMe, text }) => !fromMe && pattern.test(text)).map(({ text }) => text);

  test(
    `${killCount} kills at random moments of seed ${seed} lose and double nothing on the way to and from ${platform}`,
    async () => {
      const over = new AbortController();
      const talking = Promise.all(
        talks.flatMap((talk) => [talkOn(talk, ask, over.signal), talkOn(talk, answer, over.signal)]),
      );
      for (let kill = 0; kill < killCount; kill += 1) {
        // A random moment is what this test is about.
        await pause(random() * LONGEST_LIFE_MS);
        const target = random() * 10;
        if (target >= PROGRAM_ONLY) await killServer();
        if (target >= PROGRAM_ONLY && target < SERVER_ONLY) continue;
        await town.kill();
        town.run();
      }
      over.abort();
      await talking;
      await town.until(() => town.isConnected(), 'the program to be at work again', 120_000);
      await town.until(
        () => talks.every(({ writers, answered }) => seen(writers[0], / is told /).length >= answered.length),
        'every answer to arrive',
        120_000 + killCount * 3_000,
      );
      // Thousands of confirmations and lines may be left.
      await town.quiet(await address(), 60_000 + killCount * 2_000);

      for (const { name, writers, asked, answered } of talks) {
        const shown = texts(channelOf(town.desk, name)).flatMap((text) => / asks \d+\./.exec(text)?.[0] ?? []);
        expect(shown, `what ${name} asked`).toEqual(asked.map((text) => text.slice(name.length)));
        for (const phone of writers) expect(seen(phone, / is told /), `what ${name} was told`).toEqual(answered);
        const lines = texts(channelOf(town.desk, name)).filter((text) => text.includes('@acme.test · ✓'));
        expect(lines, `lines under replies to ${name}`).toHaveLength(answered.length);
      }
      const { body } = await town.api('GET', '/api/v1/metrics/summary');
      const ledger = body['ledger'] as { received: number; mirrored: number; filtered: number; gaps: unknown[] };
      expect(ledger.gaps).toEqual([]);
      expect(ledger.received).toBe(ledger.mirrored + ledger.filtered);
      expect(ledger.mirrored).toBeGreaterThanOrEqual(talks.flatMap(({ asked }) => asked).length);
    },
    120_000 + killCount * 30_000,
  );
}
