// Groups, and people under two addresses: names instead of numbers, one channel for one conversation, one Mirror for a group of two of our numbers.
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { Phone } from '../../simulators/whatsapp/index.ts';
import { channelOf, PATIENCE_MS, postWith, texts } from './desk.ts';
import { Town } from './town.ts';
import type { PlatformName } from './workspace.ts';

export function groupsSuite(platform: PlatformName): void {
  let town: Town;
  let office: Phone;
  let shop: Phone;
  let customers = 0;

  function customer(name: string, addressing: 'pn' | 'lid' = 'lid'): Phone {
    customers += 1;
    return town.whatsapp.createPhone({ number: `49160${10_000_000 + customers}`, name, addressing });
  }

  const channelsNamed = (start: string): number =>
    town.desk.channels().filter(({ name }) => name.startsWith(start)).length;

  beforeAll(async () => {
    town = await Town.build({ workspaces: [platform] });
    office = town.whatsapp.createPhone({ number: '4915110000001', name: 'Acme' });
    shop = town.whatsapp.createPhone({ number: '4915110000009', name: 'Acme Shop' });
    town.desk.addPerson('Ana', 'ana@acme.test');
    await town.start();
    await town.link(office, 'Support');
    await town.link(shop, 'Shop');
  });

  afterAll(() => town.close());

  test('shows who speaks in a group by name, its changes as small lines, and mentions by name', async () => {
    const [gina, hugo, ivy] = [customer('Gina'), customer('Hugo'), customer('Ivy')];
    const group = town.whatsapp.createGroup(gina, 'Book club', [office, hugo]);
    await gina.sendText(group, 'hello all');
    await hugo.sendText(group, 'hello Gina');
    await postWith(town, 'book-club', 'hello Gina');
    group.add(gina, ivy);
    await ivy.sendText(group, 'new here');
    await gina.sendText(group, `welcome @${ivy.lid.split('@')[0]}!`, { mentions: [ivy] });
    group.setSubject(gina, 'Film club');
    group.setDescription(gina, 'No more books');
    group.promote(gina, hugo);
    group.remove(gina, ivy);
    group.leave(hugo);
    await gina.sendText(group, 'only me now');
    await postWith(town, 'book-club', 'only me now').catch(() => postWith(town, 'film-club', 'only me now'));
    await town.quiet();
    const channel = channelOf(town.desk, 'book-club') ?? channelOf(town.desk, 'film-club');
    const all = (channel?.posts ?? []).map(({ author, text }) => `${author ?? ''}|${text}`);
    expect(all).toEqual([
      'Gina|hello all',
      'Hugo|hello Gina',
      // Nobody knows her name yet.
      '|+4916010000003 joined',
      'Ivy|new here',
      'Gina|welcome @Ivy!',
      '|The group is called “Film club” now (changed by Gina)',
      '|New description: No more books',
      '|Hugo is an admin of the group now',
      '|Ivy was removed by Gina',
      '|Hugo left',
      'Gina|only me now',
    ]);
    expect(JSON.stringify(all)).not.toMatch(/@lid|s\.whatsapp\.net|@\d{6}/);
  });

  test.each([
    ['phone number first, then LID', 'Nele', 'pn', 'lid'],
    ['LID first, then phone number', 'Odo', 'lid', 'pn'],
  ] as const)('one person under two addresses is one channel: %s', async (_order, name, first, then) => {
    const phone = customer(name, first);
    await phone.sendText(office, 'before');
    await postWith(town, name, 'before');
    phone.account.addressing = then;
    await phone.sendText(office, 'after');
    await postWith(town, name, 'after');
    await town.quiet();
    expect(texts(channelOf(town.desk, name))).toEqual(['before', 'after']);
    expect(channelsNamed(`wa-${name.toLowerCase()}`)).toBe(1);
    const { body } = await town.api('GET', '/api/v1/chats');
    const chats = (body['items'] ?? body['chats']) as readonly { name: string | null }[];
    expect(chats.filter((chat) => chat.name === name)).toHaveLength(1);
  });

  test('a group that holds two of our numbers is mirrored once', async () => {
    const kurt = customer('Kurt');
    const group = town.whatsapp.createGroup(kurt, 'Both of you', [office, shop]);
    for (const text of ['one', 'two', 'three']) await kurt.sendText(group, text);
    await postWith(town, 'both-of-you', 'three');
    await town.quiet();
    expect(channelsNamed('wa-both-of-you')).toBe(1);
    expect(texts(channelOf(town.desk, 'both-of-you')).filter((text) => ['one', 'two', 'three'].includes(text))).toEqual(
      ['one', 'two', 'three'],
    );
  });

  test('two numbers with the same customer keep two channels with their own names', async () => {
    const lou = customer('Lou');
    await lou.sendText(office, 'to support');
    await lou.sendText(shop, 'to the shop');
    await town.until(() => channelsNamed('wa-lou') === 2, 'two channels', PATIENCE_MS);
    await town.quiet();
    const channels = town.desk.channels().filter(({ name }) => name.startsWith('wa-lou'));
    expect(new Set(channels.map(({ name }) => name)).size).toBe(2);
    const told = channels.map((channel) => `${channel.topic.split(' · ').at(-1)}: ${texts(channel)[0]}`);
    expect(told.toSorted((one, other) => one.localeCompare(other))).toEqual([
      'Shop: to the shop',
      'Support: to support',
    ]);
  });

  test('where numbers are masked, no channel shows the whole of one, neither in its name and topic nor over its posts', async () => {
    expect((await town.api('PATCH', '/api/v1/settings', { maskPhones: true })).status).toBe(200);
    onTestFinished(async () => void (await town.api('PATCH', '/api/v1/settings', { maskPhones: false })));
    const nameless = customer('');
    await nameless.sendText(office, 'guess who');
    const channel = await town.until(
      () => town.desk.channels().find(({ posts }) => posts.some(({ text }) => text.includes('guess who'))),
      'the channel',
      PATIENCE_MS,
    );
    const digits = nameless.number.slice(-8, -2);
    for (const shown of [channel.name, channel.topic, channel.posts[0]?.author ?? '']) {
      expect(shown).toMatch(/•|\d/);
      expect(shown.replaceAll(/\D/g, '')).not.toContain(digits);
    }
  });
}
