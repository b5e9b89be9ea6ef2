// One Chat in Slack and in Discord at once, and one of the two in trouble: the other goes on as if nothing were, and nothing is missing afterwards.
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { Phone } from '../../simulators/whatsapp/index.ts';
import { channelOf, channelWith, PATIENCE_MS, postWith, texts } from './desk.ts';
import { Town } from './town.ts';
import type { PlatformName, TownFault, TownPerson, TownWorkspace } from './workspace.ts';

/** More chats than lanes are worked on at once: a place that hangs has enough of them to take every hand. */
const CHATS = 28;
const TALK = 20;

const TROUBLES: Readonly<Record<string, TownFault>> = {
  'refuses every connection': { kind: 'cut' },
  hangs: { kind: 'hang' },
  'asks to wait': { kind: 'rate_limited', retryAfter: 20 },
};

/** `cases`: which of the two has which trouble. */
export function bothSuite(cases: readonly (readonly [PlatformName, string])[]): void {
  let town: Town;
  let office: Phone;
  const phones: Phone[] = [];
  const desks = new Map<PlatformName, { readonly desk: TownWorkspace; readonly ana: TownPerson }>();

  const of = (platform: PlatformName) => desks.get(platform)!;
  const numbered = (platform: PlatformName, name: string, what: string): readonly string[] =>
    texts(channelOf(of(platform).desk, name)).filter((text) => text.startsWith(what));

  beforeAll(async () => {
    town = await Town.build({ workspaces: ['slack', 'discord'] });
    office = town.whatsapp.createPhone({ number: '4915110000001', name: 'Acme' });
    for (const desk of town.workspaces) desks.set(desk.platform, { desk, ana: desk.addPerson('Ana', 'ana@acme.test') });
    await town.start();
    await town.link(office);
    for (let index = 0; index < CHATS; index += 1) {
      const name = `Chat${String.fromCodePoint(97 + Math.floor(index / 10))}${index % 10}`;
      phones.push(town.whatsapp.createPhone({ number: `49160${10_000_000 + index}`, name }));
    }
    for (const phone of phones) await phone.sendText(office, 'hello');
    for (const { desk, ana } of desks.values()) {
      for (const { name } of phones) {
        await postWith(town, name, 'hello', desk);
        await channelWith(town, name, [ana], desk);
      }
    }
    await town.quiet();
  }, 240_000);

  afterAll(() => town.close());

  test.each([
    ['slack', 'discord'],
    ['discord', 'slack'],
  ] as const)(
    'what is said, changed, taken back and reacted to in %s is so in %s and on the phone',
    async (from, to) => {
      const phone = phones[from === 'slack' ? 1 : 2]!;
      const { desk, ana } = of(from);
      const channel = channelOf(desk, phone.name)!;
      const root = await postWith(town, phone.name, 'hello', desk);
      const kept = await ana.say(channel, `kept in ${from}`, { replyTo: root });
      const mistaken = await ana.say(channel, `mistaken in ${from}`, { replyTo: root });
      const copy = await postWith(town, phone.name, `kept in ${from}`, of(to).desk);
      const mistakenCopy = await postWith(town, phone.name, `mistaken in ${from}`, of(to).desk);
      const there = channelOf(of(to).desk, phone.name)!;
      const shows = (post: string, text: string): Promise<unknown> =>
        town.until(() => there.post(post)?.text.includes(text), `“${text}” in ${to}`, PATIENCE_MS);
      // Discord takes no @ in names.
      expect(copy.author).toBe(to === 'discord' ? 'ana＠acme.test' : 'ana@acme.test');
      await shows(copy.id, 'ana@acme.test · ✓✓');
      await ana.edit(channel, kept, `changed in ${from}`);
      await shows(copy.id, `changed in ${from}`);
      const received = await phone.received(({ text }) => text === `changed in ${from}`, PATIENCE_MS);
      expect(received.editedFrom).toEqual([`kept in ${from}`]);
      await ana.remove(channel, mistaken);
      await shows(mistakenCopy.id, 'deleted');
      await phone.received(({ text, isRevoked }) => text === `mistaken in ${from}` && isRevoked, PATIENCE_MS);
      await phone.react(office, received.id, '👍');
      await town.until(() => there.post(copy.id)?.reactions.join() === '👍', 'the reaction', PATIENCE_MS);
      await town.quiet();
      expect(phone.inbox.filter(({ fromMe }) => !fromMe)).toHaveLength(2);
      expect(there.posts).toHaveLength(3);
    },
  );

  test.each(cases)(
    '%s %s: the other shows all that comes and sends what is answered meanwhile',
    async (down, trouble) => {
      const up: PlatformName = down === 'slack' ? 'discord' : 'slack';
      const fault = TROUBLES[trouble]!;
      const what = `${down} ${trouble}`;
      const [first] = phones;
      const failures = (): number => town.program.lines.filter((line) => line.includes('"a delivery failed"')).length;
      const before = failures();
      onTestFinished(() => of(down).desk.mend());
      of(down).desk.goDown(fault);
      for (const phone of phones) await phone.sendText(office, what);
      for (let index = 1; index <= TALK; index += 1) await first!.sendText(office, `${what} ${index}`);
      const last = await postWith(town, first!.name, `${what} ${TALK}`, of(up).desk);
      for (const { name } of phones) await postWith(town, name, what, of(up).desk);
      // A call that hangs is given up after a quarter of a minute: all of this was done before the first.
      const givenUpCount = fault.kind === 'hang' ? failures() - before : 0;
      expect(givenUpCount).toBe(0);
      expect(numbered(down, first!.name, what)).toEqual([]);
      const { ana } = of(up);
      await ana.say(channelOf(of(up).desk, first!.name)!, `answer while ${what}`, { replyTo: last });
      await first!.received(({ text }) => text === `answer while ${what}`, PATIENCE_MS);
      await town.until(
        () => texts(channelOf(of(up).desk, first!.name)).some((text) => text.includes('ana@acme.test · ✓✓')),
        'the line under the answer',
        PATIENCE_MS,
      );

      of(down).desk.mend();
      for (const { name } of phones) await postWith(town, name, what, of(down).desk);
      await town.until(
        () => texts(channelOf(of(down).desk, first!.name)).some((text) => text.includes(`answer while ${what}`)),
        'the answer in the place that was in trouble',
        2 * PATIENCE_MS,
      );
      await town.quiet();
      const talk = [what, ...Array.from({ length: TALK }, (_, index) => `${what} ${index + 1}`)];
      for (const platform of [up, down]) {
        expect(numbered(platform, first!.name, what)).toEqual(talk);
        for (const { name } of phones.slice(1)) expect(numbered(platform, name, what)).toEqual([what]);
      }
      expect(first!.inbox.filter(({ text }) => text === `answer while ${what}`)).toHaveLength(1);
    },
    400_000,
  );
}
