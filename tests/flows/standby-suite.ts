// Two processes on one database: one works, the other stands by and takes over when the first dies or hangs; and a good end delivers what is under way.
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { Phone } from '../../simulators/whatsapp/index.ts';
import type { Program } from '../support/program.ts';
import { channelOf, channelWith, count, PATIENCE_MS, postWith, texts } from './desk.ts';
import { Town } from './town.ts';
import type { PlatformName, TownPerson } from './workspace.ts';

export function standbySuite(platform: PlatformName): void {
  let town: Town;
  let office: Phone;
  let mia: Phone;
  let ana: TownPerson;

  beforeAll(async () => {
    town = await Town.build({ workspaces: [platform] });
    office = town.whatsapp.createPhone({ number: '4915110000001', name: 'Acme' });
    mia = town.whatsapp.createPhone({ number: '4915110000002', name: 'Mia' });
    ana = town.desk.addPerson('Ana', 'ana@acme.test');
    await town.start();
    await town.link(office);
    await mia.sendText(office, 'hello');
    await postWith(town, 'mia', 'hello');
    await channelWith(town, 'mia', [ana]);
  });

  afterAll(() => town.close());

  /** Starts another process on the same database; resolves when it stands by. */
  async function standby(): Promise<Program> {
    const program = town.run({ DATA_DIR: `${town.settings['DATA_DIR']}-2` });
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
  async function converse(word: string, isOneHeld = false): Promise<void> {
    await mia.sendText(office, `question ${word}`);
    const post = await postWith(town, 'mia', `question ${word}`);
    await ana.say(channelOf(town.desk, 'mia')!, `answer ${word}`, { replyTo: post });
    await mia.received((message) => message.text === `answer ${word}`, PATIENCE_MS);
    await (isOneHeld ? town.workedOff() : town.quiet());
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

  test('a process that hangs is replaced; awake again it does nothing and stands by', async () => {
    const hung = town.program;
    const next = await standby();
    hung.signal('SIGSTOP');
    onTestFinished(() => hung.signal('SIGCONT'));
    await next.line('"msg":"at work"');
    await converse('while it hangs', true);
    hung.signal('SIGCONT');
    await hung.line('another process took over');
    await readiness(hung, 'standing_by');
    await converse('after it woke');
    expect(count(channelOf(town.desk, 'mia'), 'question while')).toBe(1);
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
