// Away and back, in Slack: what was said while a link was down is caught up, in order, once; and what only Slack does with events and waits.
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { Channel, Person } from '../../simulators/slack/index.ts';
import { saying } from '../../simulators/slack/index.ts';
import type { Phone } from '../../simulators/whatsapp/index.ts';
import { channelOf } from './crash.ts';
import { PATIENCE_MS, postWith, texts } from './look.ts';
import { Town } from './town.ts';

let town: Town;
let office: Phone;
let ana: Person;
let customers = 0;

function customer(name: string): Phone {
  customers += 1;
  return town.whatsapp.createPhone({ number: `49160${10_000_000 + customers}`, name });
}

const numbered = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => `message ${from + index}`);

/** The texts that begin with “message” of a channel, in order. */
const numberedIn = (name: string): readonly string[] =>
  texts(channelOf(town, name)).filter((text) => text.startsWith('message '));

/** A customer with a channel that has Ana in it, and the ts of the first message. */
async function chat(name: string): Promise<{ phone: Phone; channel: Channel; root: string }> {
  const phone = customer(name);
  await phone.sendText(office, 'hello');
  const root = await postWith(town, name, 'hello');
  const channel = channelOf(town, name)!;
  await town.until(() => channel.members.has(ana.id), 'Ana in the channel', PATIENCE_MS);
  return { phone, channel, root: root.ts };
}

beforeAll(async () => {
  town = await Town.build();
  office = town.whatsapp.createPhone({ number: '4915110000001', name: 'Acme' });
  ana = town.person('Ana', 'ana@acme.test');
  await town.start();
  await town.link(office);
});

afterAll(() => town.close());

test('a replay of 200 that breaks off in the middle, and stanzas that come twice, double nothing', async () => {
  const phone = customer('Fern');
  await town.kill();
  for (const text of numbered(1, 200)) await phone.sendText(office, text);
  town.whatsapp.faults.cutReplayAfter(office, 90);
  town.whatsapp.faults.duplicate(office, 6);
  await town.start();
  await postWith(town, 'fern', 'message 200');
  await town.quiet();
  expect(numberedIn('fern')).toEqual(numbered(1, 200));

  town.whatsapp.faults.forgetAcks(office);
  onTestFinished(() => town.whatsapp.faults.forgetAcks(office, false));
  await phone.sendText(office, 'message 201');
  await postWith(town, 'fern', 'message 201');
  await town.kill();
  await town.start();
  await phone.sendText(office, 'message 202');
  await postWith(town, 'fern', 'message 202');
  await town.quiet();
  expect(numberedIn('fern')).toEqual(numbered(1, 202));
}, 180_000);

test('events that Slack tells twice, unacknowledged or out of order become one reply each, in their order', async () => {
  const { phone, channel, root } = await chat('Ines');
  await town.quiet();
  onTestFinished(() => town.slack.events.duplicate(0));
  town.slack.events.duplicate(2);
  town.slack.sockets.ignoreAcks(2);
  await ana.say(channel, 'twice told', { thread: root });
  await phone.received((message) => message.text === 'twice told', PATIENCE_MS);
  await town.slack.settled(20_000);
  town.slack.events.duplicate(0);
  const held = town.slack.events.withhold(saying('swapped'));
  for (const text of ['swapped 1', 'swapped 2', 'swapped 3']) await ana.say(channel, text, { thread: root });
  held.release('reversed');
  await phone.received((message) => message.text === 'swapped 3', PATIENCE_MS);
  await phone.received((message) => message.text === 'swapped 1', PATIENCE_MS);
  await town.quiet();
  const replies = phone.inbox.filter(({ fromMe }) => !fromMe);
  expect(replies.map(({ text }) => text)).toEqual(['twice told', 'swapped 1', 'swapped 2', 'swapped 3']);
  expect(replies.every(({ copies }) => copies === 1)).toBe(true);
  const told = town.slack.events.deliveries.filter(({ event }) => saying('twice told')(event));
  expect(told.flatMap(({ attempts }) => attempts).length).toBeGreaterThanOrEqual(3);
}, 180_000);

test('what is said while the program hangs for a moment keeps its order, through whichever connection it comes', async () => {
  const other = await chat('Holly');
  const { phone, channel, root } = await chat('Hans');
  await town.quiet();
  const said = numbered(1, 12);
  const { program } = town;
  onTestFinished(() => program.signal('SIGCONT'));
  program.signal('SIGSTOP');
  // What comes through a connection is read in one go: this makes it the one with every second message.
  await ana.say(other.channel, 'before them', { thread: other.root });
  for (const text of said) await ana.say(channel, text, { thread: root });
  program.signal('SIGCONT');
  await Promise.all(said.map((text) => phone.received((message) => message.text === text, PATIENCE_MS)));
  const replies = phone.inbox.filter(({ fromMe }) => !fromMe);
  expect(replies.map(({ text }) => text)).toEqual(said);
}, 60_000);
