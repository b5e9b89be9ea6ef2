// Every kind of thing a customer says, on its way from WhatsApp into a Slack channel: shown, in order, once, and harmless.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Phone } from '../../simulators/whatsapp/index.ts';
import { channelOf, said } from './crash.ts';
import { PATIENCE_MS, postWith, reactionsOf, shown, texts } from './look.ts';
import { Town } from './town.ts';

let town: Town;
let office: Phone;
let customers = 0;

/** A new customer, so that each test has a channel of its own. */
function customer(name: string): Phone {
  customers += 1;
  return town.whatsapp.createPhone({ number: `49160${10_000_000 + customers}`, name });
}

beforeAll(async () => {
  town = await Town.build();
  office = town.whatsapp.createPhone({ number: '4915110000001', name: 'Acme' });
  town.person('Ana', 'ana@acme.test');
  await town.start();
  await town.link(office);
});

afterAll(() => town.close());

test('shows formatting, emoji and scripts as they were written', async () => {
  const mia = customer('Format');
  await mia.sendText(office, '*bold* _italic_ ~gone~ `code` 👩‍👩‍👧 😀 مرحبا 你好\n> quoted\n- one\n- two');
  const post = await postWith(town, 'format', 'مرحبا');
  const blocks = JSON.stringify(post.blocks);
  expect(blocks).toContain('"bold":true');
  expect(blocks).toContain('"italic":true');
  expect(blocks).toContain('"strike":true');
  expect(blocks).toContain('"code":true');
  expect(blocks).toContain('rich_text_quote');
  expect(blocks).toContain('rich_text_list');
  expect(shown(post)).toContain('👩‍👩‍👧 😀');
  expect(shown(post)).toContain('你好');
  expect(post.username).toBe('Format');
});

test('text and names that look like Slack’s own syntax neither ping nor link nor format', async () => {
  const evil = '@channel <!channel> <@U123> <https://evil.test|bank.com> *_~';
  const mallory = customer(evil);
  await mallory.sendText(office, `start ${evil} end`);
  await mallory.sendMedia(office, 'document', Buffer.from('%PDF-1.4 x'), {
    fileName: `${evil}.pdf`,
    mimetype: 'application/pdf',
  });
  await mallory.send(office, {
    contactMessage: { displayName: evil, vcard: `BEGIN:VCARD\nVERSION:3.0\nFN:${evil}\nTEL:+49 151 1\nEND:VCARD` },
  });
  await mallory.sendPoll(office, evil, [evil, 'other']);
  await mallory.send(office, { locationMessage: { degreesLatitude: 1, degreesLongitude: 2, name: evil } });
  const group = town.whatsapp.createGroup(mallory, evil, [office]);
  await mallory.sendText(group, 'in the group');
  group.setSubject(mallory, `again ${evil}`);
  group.setDescription(mallory, evil);
  await mallory.sendText(group, 'the last one');
  await town.until(
    () => town.slack.channels().some((channel) => texts(channel).some((text) => text.includes('the last one'))),
    'the last message',
    PATIENCE_MS,
  );
  await town.quiet();
  const channels = town.slack.channels().filter(({ topic }) => topic.value.includes('@channel'));
  expect(channels).toHaveLength(2);
  for (const channel of channels) {
    expect(channel.topic.value).not.toContain('<!channel>');
    for (const message of said(channel)) {
      expect.soft(message.pings, shown(message)).toEqual([]);
      // An address in the text is a link to itself, as on the phone: never one with another label.
      expect
        .soft(
          message.links.filter(({ url, text }) => url !== text),
          shown(message),
        )
        .toEqual([]);
      expect.soft(message.unfurls, shown(message)).toEqual([]);
      expect.soft(JSON.stringify(message.blocks ?? []), shown(message)).not.toMatch(/"(italic|strike|code)":true/);
    }
  }
  const direct = channels.flatMap((channel) => texts(channel)).find((text) => text.startsWith('start'));
  expect(direct?.replaceAll(/\[(.*?)\]\(\1\)/g, '$1')).toBe(`start ${evil} end`);
  const names = said(channels[0]).map(({ username }) => username);
  expect(names.every((name) => name === undefined || name.includes('@channel'))).toBe(true);
});

test('splits a text of 9,000 characters and shows all of it, in order', async () => {
  const lena = customer('Long');
  const words = Array.from({ length: 1_500 }, (_, index) => `w${String(index).padStart(4, '0')}`).join(' ');
  expect(words.length).toBeGreaterThan(8_900);
  await lena.sendText(office, words);
  await lena.sendText(office, 'afterwards');
  await postWith(town, 'long', 'afterwards');
  const parts = texts(channelOf(town, 'long'));
  expect(parts.length).toBeGreaterThan(3);
  expect(parts.at(-1)).toBe('afterwards');
  expect(parts.slice(0, -1).join(' ').replaceAll(/\s+/g, ' ')).toBe(words);
});

test('shows a location, a contact card, an event, a call, a forwarded mark, and names what it can’t show', async () => {
  const kim = customer('Kinds');
  await kim.send(office, {
    locationMessage: { degreesLatitude: 52.52, degreesLongitude: 13.405, name: 'Office', address: 'Main street 1' },
  });
  await kim.send(office, {
    contactMessage: {
      displayName: 'Otto',
      vcard: 'BEGIN:VCARD\nVERSION:3.0\nFN:Otto\nTEL;waid=1:+49 151 222\nEND:VCARD',
    },
  });
  await kim.send(office, {
    eventMessage: {
      name: 'Summer party',
      startTime: Date.UTC(2030, 5, 1, 18, 30) / 1000,
      description: 'Bring cake',
      location: { name: 'Garden' },
    },
  });
  await kim.sendText(office, 'passed on', { forwarded: true });
  await kim.send(office, { orderMessage: { orderId: '1', itemCount: 2 } });
  kim.call(office, 'video');
  await postWith(town, 'kinds', 'Missed video call');
  const all = texts(channelOf(town, 'kinds'));
  expect(all).toHaveLength(6);
  expect(all[0]).toContain('📍 Location: Office, Main street 1');
  expect(all[0]).toContain('52.52,13.405');
  expect(all[1]).toBe('👤 Otto · +49 151 222');
  expect(all[2]).toContain('📅 Summer party');
  expect(all[2]).toContain('2030-06-01 18:30 UTC');
  expect(all[2]).toContain('📍 Garden');
  expect(all[2]).toContain('Bring cake');
  expect(all[3]).toContain('forwarded');
  expect(all[3]).toContain('passed on');
  expect(all[4]).toContain('orderMessage');
});

test('shows a poll and its votes, which it follows', async () => {
  const pia = customer('Poll');
  const group = town.whatsapp.createGroup(pia, 'Lunch club', [office]);
  const noor = customer('Noor');
  group.add(pia, noor);
  const poll = await pia.sendPoll(group, 'Where to?', ['Pizza', 'Sushi']);
  await postWith(town, 'lunch-club', 'Where to?');
  await noor.received((message) => message.id === poll, PATIENCE_MS);
  await noor.vote(group, poll, ['Sushi']);
  await pia.vote(group, poll, ['Sushi']);
  await postWith(town, 'lunch-club', 'Sushi — 2');
  await noor.vote(group, poll, ['Pizza']);
  const post = await postWith(town, 'lunch-club', 'Pizza — 1 (Noor)');
  expect(shown(post)).toContain('Sushi — 1 (Poll)');
  expect(said(channelOf(town, 'lunch-club')).filter((each) => shown(each).includes('Where to?'))).toHaveLength(1);
});

test('shows a quoting message in the thread of the quoted one, and in the channel', async () => {
  const quinn = customer('Quote');
  const first = await quinn.sendText(office, 'the question');
  await quinn.sendText(office, 'in between');
  await quinn.sendText(office, 'about that', { quote: first });
  const root = await postWith(town, 'quote', 'the question');
  const quoting = await postWith(town, 'quote', 'about that');
  expect(quoting.threadTs).toBe(root.ts);
  expect(quoting.broadcast).toBe(true);
});

test('follows edits with the earlier text kept, deletions, and reactions', async () => {
  const eda = customer('Edits');
  const first = await eda.sendText(office, 'see you at five');
  const second = await eda.sendText(office, 'sent by mistake');
  const post = await postWith(town, 'edits', 'see you at five');
  const mistake = await postWith(town, 'edits', 'sent by mistake');
  await eda.edit(office, first, 'see you at six');
  await postWith(town, 'edits', 'see you at six');
  await eda.revoke(office, second);
  await postWith(town, 'edits', 'This message was deleted');
  const channel = await town.channel('wa-edits');
  expect(shown(channel.message(post.ts)!)).toContain('Before: see you at five');
  const { text, blocks } = channel.message(mistake.ts)!;
  expect(JSON.stringify([text, blocks])).not.toContain('sent by mistake');
  expect(said(channel)).toHaveLength(2);
});

test('two people react to the same message; one takes it back and the other’s stays', async () => {
  const rob = customer('Rob');
  const sue = customer('Sue');
  const group = town.whatsapp.createGroup(rob, 'Reactors', [office, sue]);
  const id = await rob.sendText(group, 'good news');
  await sue.received((message) => message.id === id, PATIENCE_MS);
  const post = await postWith(town, 'reactors', 'good news');
  const channel = await town.channel('wa-reactors');
  const present = (): readonly string[] => reactionsOf(channel.message(post.ts));
  await rob.react(group, id, '👍');
  await sue.react(group, id, '👍');
  await town.until(() => present().includes('+1'), 'the reaction', PATIENCE_MS);
  await rob.react(group, id, '');
  await sue.sendText(group, 'still there?');
  await postWith(town, 'reactors', 'still there?');
  await town.quiet();
  expect(present()).toEqual(['+1']);
  await sue.react(group, id, '❤️');
  await town.until(() => present().join() === 'heart', 'the other reaction', PATIENCE_MS);
  await sue.react(group, id, '');
  await town.until(() => present().length === 0, 'no reaction', PATIENCE_MS);
});

test('shows what was typed on the organisation’s own phone, marked so', async () => {
  const paul = customer('Paul');
  await paul.sendText(office, 'anybody?');
  await office.received((message) => message.text === 'anybody?', PATIENCE_MS);
  await office.sendText(paul, 'yes, from my pocket');
  const post = await postWith(town, 'paul', 'yes, from my pocket');
  expect(shown(post)).toContain('from the phone');
  expect(post.username).not.toBe('Paul');
  expect(texts(channelOf(town, 'paul'))).toHaveLength(2);
});

test('does not mirror statuses', async () => {
  const stella = customer('Stella');
  await stella.postStatus('my holiday', [office]);
  await stella.sendText(office, 'a real message');
  await postWith(town, 'stella', 'a real message');
  await town.quiet();
  const all = town.slack.channels().flatMap((channel) => texts(channel));
  expect(all.filter((text) => text.includes('my holiday'))).toEqual([]);
});
