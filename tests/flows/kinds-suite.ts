// Every kind of thing a customer says, on its way from WhatsApp into a channel: shown, in order, once, and harmless.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Phone } from '../../simulators/whatsapp/index.ts';
import { channelOf, count, PATIENCE_MS, postWith, texts } from './desk.ts';
import { Town } from './town.ts';
import type { PlatformName } from './workspace.ts';

export function kindsSuite(platform: PlatformName): void {
  let town: Town;
  let office: Phone;
  let customers = 0;

  /** A new customer, so that each test has a channel of its own. */
  function customer(name: string): Phone {
    customers += 1;
    return town.whatsapp.createPhone({ number: `49160${10_000_000 + customers}`, name });
  }

  beforeAll(async () => {
    town = await Town.build({ workspaces: [platform] });
    office = town.whatsapp.createPhone({ number: '4915110000001', name: 'Acme' });
    town.desk.addPerson('Ana', 'ana@acme.test');
    await town.start();
    await town.link(office);
  });

  afterAll(() => town.close());

  test('shows formatting, emoji and scripts as they were written', async () => {
    const mia = customer('Format');
    await mia.sendText(office, '*bold* _italic_ ~gone~ `code` 👩‍👩‍👧 😀 مرحبا 你好\n> quoted\n- one\n- two');
    const post = await postWith(town, 'format', 'مرحبا');
    expect([...post.styles].toSorted()).toEqual(['bold', 'code', 'italic', 'list', 'quote', 'strike']);
    expect(post.text).toContain('👩‍👩‍👧 😀');
    expect(post.text).toContain('你好');
    expect(post.author).toBe('Format');
  });

  test('text and names that look like the platforms’ own syntax neither ping nor link nor format', async () => {
    const evil = '@channel <!channel> <@U123> <https://evil.test|bank.com> @everyone [x](https://evil.test) *_~';
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
      () => town.desk.channels().some((channel) => texts(channel).some((text) => text.includes('the last one'))),
      'the last message',
      PATIENCE_MS,
    );
    await town.quiet();
    const channels = town.desk.channels().filter(({ topic }) => topic.includes('@channel'));
    expect(channels).toHaveLength(2);
    for (const channel of channels) {
      expect(channel.topic).not.toMatch(/(?<!\\)<[!@]/);
      for (const message of channel.posts) {
        expect.soft(message.pings, message.text).toEqual([]);
        // An address in the text is a link to itself, as on the phone: never one with another label.
        expect
          .soft(
            message.links.filter(({ url, text }) => url !== text),
            message.text,
          )
          .toEqual([]);
        expect.soft(message.previews, message.text).toEqual([]);
        for (const style of ['italic', 'strike', 'code'] as const)
          expect.soft(message.styles, message.text).not.toContain(style);
      }
    }
    const direct = channels.flatMap((channel) => texts(channel)).find((text) => text.startsWith('start'));
    expect(direct?.replaceAll(/\[(.*?)\]\(\1\)/g, '$1')).toBe(`start ${evil} end`);
    const names = (channels[0]?.posts ?? []).map(({ author }) => author);
    expect(names.every((name) => name === undefined || name.includes('channel'))).toBe(true);
  });

  test('splits a text of 9,000 characters and shows all of it, in order', async () => {
    const lena = customer('Long');
    const words = Array.from({ length: 1_500 }, (_, index) => `w${String(index).padStart(4, '0')}`).join(' ');
    expect(words.length).toBeGreaterThan(8_900);
    await lena.sendText(office, words);
    await lena.sendText(office, 'afterwards');
    await postWith(town, 'long', 'afterwards');
    const parts = texts(channelOf(town.desk, 'long'));
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
    const all = texts(channelOf(town.desk, 'kinds'));
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
    expect(post.text).toContain('Sushi — 1 (Poll)');
    expect(count(channelOf(town.desk, 'lunch-club'), 'Where to?')).toBe(1);
  });

  test('shows a quoting message in the thread of the quoted one, and in the channel', async () => {
    const quinn = customer('Quote');
    const first = await quinn.sendText(office, 'the question');
    await quinn.sendText(office, 'in between');
    await quinn.sendText(office, 'about that', { quote: first });
    const root = await postWith(town, 'quote', 'the question');
    const quoting = await postWith(town, 'quote', 'about that');
    expect(quoting.thread).toBe(root.id);
    expect(quoting.isInChannel).toBe(true);
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
    const channel = channelOf(town.desk, 'edits')!;
    expect(channel.post(post.id)?.text).toContain('Before: see you at five');
    expect(channel.post(mistake.id)?.raw).not.toContain('sent by mistake');
    expect(channel.posts).toHaveLength(2);
  });

  test('two people react to the same message; one takes it back and the other’s stays', async () => {
    const rob = customer('Rob');
    const sue = customer('Sue');
    const group = town.whatsapp.createGroup(rob, 'Reactors', [office, sue]);
    const id = await rob.sendText(group, 'good news');
    await sue.received((message) => message.id === id, PATIENCE_MS);
    const post = await postWith(town, 'reactors', 'good news');
    const channel = channelOf(town.desk, 'reactors')!;
    const present = (): readonly string[] => channel.post(post.id)?.reactions ?? [];
    await rob.react(group, id, '👍');
    await sue.react(group, id, '👍');
    await town.until(() => present().includes('👍'), 'the reaction', PATIENCE_MS);
    await rob.react(group, id, '');
    await sue.sendText(group, 'still there?');
    await postWith(town, 'reactors', 'still there?');
    await town.quiet();
    expect(present()).toEqual(['👍']);
    await sue.react(group, id, '❤️');
    await town.until(() => present().join() === '❤️', 'the other reaction', PATIENCE_MS);
    await sue.react(group, id, '');
    await town.until(() => present().length === 0, 'no reaction', PATIENCE_MS);
  });

  test('shows what was typed on the organisation’s own phone, marked so', async () => {
    const paul = customer('Paul');
    await paul.sendText(office, 'anybody?');
    await office.received((message) => message.text === 'anybody?', PATIENCE_MS);
    await office.sendText(paul, 'yes, from my pocket');
    const post = await postWith(town, 'paul', 'yes, from my pocket');
    expect(post.text).toContain('from the phone');
    expect(post.author).not.toBe('Paul');
    expect(texts(channelOf(town.desk, 'paul'))).toHaveLength(2);
  });

  test('does not mirror statuses', async () => {
    const stella = customer('Stella');
    await stella.postStatus('my holiday', [office]);
    await stella.sendText(office, 'a real message');
    await postWith(town, 'stella', 'a real message');
    await town.quiet();
    const all = town.desk.channels().flatMap((channel) => texts(channel));
    expect(all.filter((text) => text.includes('my holiday'))).toEqual([]);
  });
}
