// Two processes on one database: one works, the other stands by and takes over when the first dies or hangs; and a good end delivers what is under way.
import { readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { Phone } from '../../simulators/whatsapp/index.ts';
import type { Program } from '../support/program.ts';
import { channelOf, channelWith, PATIENCE_MS, postWith, texts } from './desk.ts';
import { Town } from './town.ts';
import type { PlatformName, TownPerson } from './workspace.ts';

const PRELOAD = new URL('../support/crash-points.mjs', import.meta.url).pathname;
/** Between two messages of a chat, as people write. */
const PACE_MS = 1_000;

/** Calls that change something. Reading, and taking up a connection again, may happen before a process knows that it was followed. */
const CHANGING =
  /^before (?:db commit|slack (?:chat\.(?:post|update|delete)|files\.complete|reactions|conversations\.(?:create|invite|kick|rename|set))|discord (?:POST|PUT|PATCH|DELETE))/;

/** What a process did that others see, as it noted by itself: commits and calls. What it sent to phones, they tell. */
function doings(log: string): readonly string[] {
  return readFileSync(log, 'utf8')
    .split('\n')
    .filter((point) => CHANGING.test(point));
}

export function standbySuite(platform: PlatformName): void {
  let town: Town;
  let office: Phone;
  let mia: Phone;
  let noa: Phone;
  let ola: Phone;
  let ana: TownPerson;
  /** Where each process notes what it does. */
  const logs = new Map<Program, string>();

  beforeAll(async () => {
    town = await Town.build({ workspaces: [platform] });
    office = town.whatsapp.createPhone({ number: '4915110000001', name: 'Acme' });
    mia = town.whatsapp.createPhone({ number: '4915110000002', name: 'Mia' });
    ana = town.desk.addPerson('Ana', 'ana@acme.test');
    await town.start();
    await town.link(office);
    noa = town.whatsapp.createPhone({ number: '4915110000003', name: 'Noa' });
    ola = town.whatsapp.createPhone({ number: '4915110000004', name: 'Ola' });
    for (const phone of [mia, noa, ola]) {
      await phone.sendText(office, 'hello');
      await channelWith(town, phone.name, [ana]);
      await postWith(town, phone.name, 'hello');
    }
  });

  afterAll(async () => {
    await town.close();
    for (const log of logs.values()) rmSync(log, { force: true });
  });

  /** Starts another process on the same database; resolves when it stands by. */
  async function standby(): Promise<Program> {
    const log = path.join(tmpdir(), `switchboard-doings-${process.pid}-${logs.size}-${platform}`);
    const env = { DATA_DIR: `${town.settings['DATA_DIR']}-2`, CRASH_LOG: log };
    const program = town.run(env, ['--import', PRELOAD]);
    logs.set(program, log);
    await readiness(program, 'standing_by');
    return program;
  }

  async function readiness(program: Program, phase: string): Promise<void> {
    await program.line('"msg":"listening"');
    await town.until(
      async () => {
        const { status, body } = await town
          .api('GET', '/readyz', undefined, program)
          .catch(() => ({ status: 0, body: {} }));
        const is = JSON.stringify(body).includes(phase);
        return is && (phase === 'ready' ? status === 200 : status === 503);
      },
      `readiness to say ${phase}`,
      PATIENCE_MS,
    );
  }

  /** A message from the customer and the agent's answer to it, both exactly once. */
  async function converse(word: string): Promise<void> {
    await mia.sendText(office, `question ${word}`);
    const post = await postWith(town, 'mia', `question ${word}`);
    await ana.say(channelOf(town.desk, 'mia')!, `answer ${word}`, { replyTo: post });
    await mia.received((message) => message.text === `answer ${word}`, PATIENCE_MS);
    await town.quiet();
    expect(texts(channelOf(town.desk, 'mia')).filter((text) => text === `question ${word}`)).toHaveLength(1);
    const answers = mia.inbox.filter((message) => message.text === `answer ${word}`);
    expect(answers.map(({ copies }) => copies)).toEqual([1]);
  }

  test('a second process stands by, and takes over when the first is killed', async () => {
    const first = town.program;
    const second = await standby();
    await converse('before');
    first.signal('SIGKILL');
    await first.ended;
    await second.line('"msg":"at work"');
    await readiness(second, 'ready');
    await converse('after the kill');
    expect(texts(channelOf(town.desk, 'mia')).filter((text) => text.startsWith('question'))).toEqual([
      'question before',
      'question after the kill',
    ]);
  }, 180_000);

  /** Customers write and Ana answers, in three chats at once, until told to end. Resolves with how many of each there were in every chat. */
  async function talk(end: AbortSignal): Promise<ReadonlyMap<Phone, number>> {
    const talks = [mia, noa, ola].map(async (phone): Promise<[Phone, number]> => {
      const channel = channelOf(town.desk, phone.name)!;
      const root = channel.posts.find(({ text }) => text === 'hello')!;
      let number = 0;
      while (!end.aborted) {
        number += 1;
        await phone.sendText(office, `busy question ${number}`);
        await ana.say(channel, `busy answer ${number}`, { replyTo: root });
        await pause(PACE_MS);
      }
      return [phone, number];
    });
    return new Map(await Promise.all(talks));
  }

  test('a process that hangs in the middle of its work is replaced; awake again it does nothing and stands by', async () => {
    const hung = town.program;
    const log = logs.get(hung)!;
    const next = await standby();
    const ending = new AbortController();
    const talking = talk(ending.signal);
    onTestFinished(async () => {
      ending.abort();
      hung.signal('SIGKILL');
      await talking;
    });
    for (const { name } of [mia, noa, ola]) await postWith(town, name, 'busy question 3');
    hung.signal('SIGSTOP');
    await next.line('"msg":"at work"');
    await mia.sendText(office, 'are you there?');
    await postWith(town, 'mia', 'are you there?');
    const before = doings(log).length;
    hung.signal('SIGCONT');
    await hung.line('another process took over');
    await readiness(hung, 'standing_by');
    ending.abort();
    const counts = await talking;
    await converse('after it woke');
    for (const [phone, count] of counts) {
      const numbered = (what: string) => Array.from({ length: count }, (_, index) => `busy ${what} ${index + 1}`);
      const questions = texts(channelOf(town.desk, phone.name)).filter((text) => text.startsWith('busy question'));
      expect(questions).toEqual(numbered('question'));
      const answers = phone.inbox.filter(({ text, fromMe }) => !fromMe && text.startsWith('busy answer'));
      // One that was on its way at the pause may be sent again under its own id: the phone shows it once.
      expect(answers.map(({ text }) => text)).toEqual(numbered('answer'));
    }
    expect(doings(log).slice(before)).toEqual([]);
    hung.signal('SIGTERM');
    expect(await hung.ended).toBe(0);
  }, 240_000);

  test('SIGTERM ends it within ten seconds with 0, and what was under way arrives once', async () => {
    const program = town.program;
    onTestFinished(() => town.whatsapp.faults.acks(office, { kind: 'prompt' }));
    await mia.sendText(office, 'the last question');
    const post = await postWith(town, 'mia', 'the last question');
    town.whatsapp.faults.acks(office, { kind: 'delay', delayMs: 1_500 }, 1);
    town.desk.fail('customer', { kind: 'slow', ms: 1_000 });
    await ana.say(channelOf(town.desk, 'mia')!, 'the last answer', { replyTo: post });
    await mia.received((message) => message.text === 'the last answer', PATIENCE_MS);
    await mia.sendText(office, 'and a thank you');
    const beganAt = performance.now();
    program.signal('SIGTERM');
    expect(await program.ended).toBe(0);
    expect(performance.now() - beganAt).toBeLessThan(10_000);
    await town.start();
    await postWith(town, 'mia', 'and a thank you');
    await town.quiet();
    expect(mia.inbox.filter((message) => message.text === 'the last answer').map(({ copies }) => copies)).toEqual([1]);
    expect(texts(channelOf(town.desk, 'mia')).filter((text) => text === 'and a thank you')).toHaveLength(1);
  }, 180_000);
}
