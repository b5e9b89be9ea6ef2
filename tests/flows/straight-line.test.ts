// The straight line: a WhatsApp message becomes a Slack post, a reply in its thread goes back, and the line under it tells how far.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Person } from '../../simulators/slack/index.ts';
import type { Phone } from '../../simulators/whatsapp/index.ts';
import { Town } from './town.ts';

let town: Town;
let office: Phone;
let mia: Phone;
let ana: Person;

beforeAll(async () => {
  town = await Town.build();
  office = town.whatsapp.createPhone({ number: '4915110000001', name: 'Acme' });
  mia = town.whatsapp.createPhone({ number: '4915110000002', name: 'Mia Müller' });
  ana = town.person('Ana', 'ana@acme.test');
  await town.start();
  await town.link(office);
});

afterAll(() => town.close());

test('shows a message in a private channel under the sender’s name, with the agents in it', async () => {
  await mia.sendText(office, 'Hallo, ist *jemand* da?');
  const channel = await town.channel('wa-mia');
  const post = await town.until(() => channel.topLevel.find((message) => message.text.includes('jemand')), 'the post');
  expect(post.username).toBe('Mia Müller');
  expect(channel.private).toBe(true);
  await town.until(() => channel.members.has(ana.id), 'Ana in the channel');
});

test('sends a reply from its thread to the customer, once, and says so under it', async () => {
  const channel = await town.channel('wa-mia');
  const post = channel.topLevel.find((message) => message.text.includes('jemand'));
  await ana.say(channel, 'Ja, ich bin da!', { thread: post!.ts });
  const received = await mia.received((message) => message.text === 'Ja, ich bin da!');
  expect(mia.copiesOf(received.id)).toBe(1);
  await town.until(
    () =>
      channel
        .thread(post!.ts)
        .some((message) => JSON.stringify(message.blocks).includes('ana@acme.test · ✓✓ delivered')),
    'the line under the reply',
  );
});
