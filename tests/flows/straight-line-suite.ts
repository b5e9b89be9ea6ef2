// The straight line: a WhatsApp message becomes a post, a reply to it goes back, and the line under it tells how far.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Phone } from '../../simulators/whatsapp/index.ts';
import { channelOf, channelWith, postWith } from './desk.ts';
import { Town } from './town.ts';
import type { PlatformName, TownPerson } from './workspace.ts';

export function straightLineSuite(platform: PlatformName): void {
  let town: Town;
  let office: Phone;
  let mia: Phone;
  let ana: TownPerson;

  beforeAll(async () => {
    town = await Town.build({ workspaces: [platform] });
    office = town.whatsapp.createPhone({ number: '4915110000001', name: 'Acme' });
    mia = town.whatsapp.createPhone({ number: '4915110000002', name: 'Mia Müller' });
    ana = town.desk.addPerson('Ana', 'ana@acme.test');
    await town.start();
    await town.link(office);
  });

  afterAll(() => town.close());

  test('shows a message in a private channel under the sender’s name, with the agents in it', async () => {
    await mia.sendText(office, 'Hallo, ist *jemand* da?');
    const post = await postWith(town, 'mia', 'jemand');
    expect(post.author).toBe('Mia Müller');
    expect(post.isInChannel).toBe(true);
    expect(channelOf(town.desk, 'mia')?.isPrivate).toBe(true);
    await channelWith(town, 'mia', [ana]);
  });

  test('sends a reply to the customer, once, and says so under it', async () => {
    const channel = await channelWith(town, 'mia', [ana]);
    const post = await postWith(town, 'mia', 'jemand');
    await ana.say(channel, 'Ja, ich bin da!', { replyTo: post });
    const received = await mia.received((message) => message.text === 'Ja, ich bin da!');
    expect(mia.copiesOf(received.id)).toBe(1);
    await town.until(
      () => channel.under(post.id).some(({ text }) => text.includes('ana@acme.test · ✓✓ delivered')),
      'the line under the reply',
    );
  });
}
