// Away and back: what was said while the program or a link was down is caught up, in order, once, on both sides.
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { Channel, Person } from '../../simulators/slack/index.ts';
import { saying } from '../../simulators/slack/index.ts';
import type { Phone } from '../../simulators/whatsapp/index.ts';
import { channelOf, said } from './crash.ts';
import { PATIENCE_MS, postWith, shown, texts } from './look.ts';
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

const got = (phone: Phone, text: string): number =>
  phone.inbox.filter((message) => !message.fromMe && message.text === text).length;

/** A customer with a channel that has Ana in it, and the ts of the first message. */
async function chat(name: string): Promise<{ phone: Phone; channel: Channel; root: string }> {
  const phone = customer(name);
  await phone.sendText(office, 'hello');
  const root = await postWith(town, name, 'hello');
  const channel = channelOf(town, name)!;
  await town.until(() => channel.members.has(ana.id), 'Ana in the channel', PATIENCE_MS);
  return { phone, channel, root: root.ts };
}

const connected = (): Promise<unknown> =>
  town.until(() => town.isConnected(), 'the number and the workspace to be connected', PATIENCE_MS);

beforeAll(async () => {
  town = await Town.build();
  office = town.whatsapp.createPhone({ number: '4915110000001', name: 'Acme' });
  ana = town.person('Ana', 'ana@acme.test');
  await town.start();
  await town.link(office);
});

afterAll(() => town.close());

test('fifty messages of several chats that came while it was down are shown in order, once', async () => {
  await town.stop();
  const phones = ['Amber', 'Basil', 'Cedar', 'Dill', 'Elder'].map(customer);
  for (const text of numbered(1, 10)) for (const phone of phones) await phone.sendText(office, text);
  await town.start();
  for (const { name } of phones) await postWith(town, name, 'message 10');
  await town.quiet();
  for (const { name } of phones) expect(numberedIn(name)).toEqual(numbered(1, 10));
}, 180_000);

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

test('replies and edits whose events were lost are found by reading, and sent once', async () => {
  const { phone, channel, root } = await chat('Gale');
  const before = await ana.say(channel, 'we open at nine', { thread: root });
  await phone.received((message) => message.text === 'we open at nine', PATIENCE_MS);
  await town.quiet();
  await town.kill();
  const found = town.slack.events.lose();
  await ana.say(channel, 'and close at five', { thread: root });
  await ana.edit(channel, before, 'we open at ten');
  found();
  await town.start();
  await phone.received((message) => message.text === 'and close at five', PATIENCE_MS);
  await phone.received((message) => message.text === 'we open at ten', PATIENCE_MS);
  await town.quiet();
  expect(got(phone, 'and close at five')).toBe(1);
}, 180_000);

test('a reply found more than ten minutes later waits for a person’s word', async () => {
  const { phone, channel, root } = await chat('Hazel');
  await town.quiet();
  await town.kill();
  const sql = await town.sql();
  await sql.query(`update workspace set heard_until = now() - interval '2 hours'`);
  // The conversation is of this morning: its first message must be older than the reply.
  const found = town.slack.events.lose();
  const at = new Date(Date.now() - 30 * 60_000);
  await ana.say(channel, 'half an hour ago', { thread: root, at });
  found();
  await sql.end();
  await town.start();
  const held = await town.until(
    () => channel.thread(root).find((message) => shown(message).includes('⏸ not sent yet')),
    'the line that asks',
    PATIENCE_MS,
  );
  expect(shown(held)).toMatch(/ana@acme\.test · ⏸ not sent yet: written 30 minutes before/);
  await town.quiet();
  expect(got(phone, 'half an hour ago')).toBe(0);
  const action = /"action_id":"(send:[^"]+)"/.exec(JSON.stringify(held.blocks))?.[1] ?? '';
  await ana.click(held, action);
  await phone.received((message) => message.text === 'half an hour ago', PATIENCE_MS);
  await town.until(() => shown(channel.message(held.ts)!).includes('✓✓ delivered'), 'the line', PATIENCE_MS);
  expect(JSON.stringify(channel.message(held.ts)?.blocks)).not.toContain('send:');
  expect(got(phone, 'half an hour ago')).toBe(1);
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
  expect(replies.map(({ text }) => text).toSorted()).toEqual(['swapped 1', 'swapped 2', 'swapped 3', 'twice told']);
  expect(replies.every(({ copies }) => copies === 1)).toBe(true);
  const told = town.slack.events.deliveries.filter(({ event }) => saying('twice told')(event));
  expect(told.flatMap(({ attempts }) => attempts).length).toBeGreaterThanOrEqual(3);
}, 180_000);

test('ten minutes without Slack’s sockets: what was said meanwhile is found by reading, in order, once', async () => {
  const { phone, channel, root } = await chat('Ida');
  await town.quiet();
  onTestFinished(() => town.slack.sockets.refuse(0));
  const found = town.slack.events.lose();
  town.slack.sockets.refuse(Infinity);
  town.slack.sockets.dropAll();
  await town.until(async () => !(await town.isConnected()), 'the workspace to be cut off');
  const sql = await town.sql();
  await sql.query(`update workspace set heard_until = now() - interval '10 minutes'`);
  await sql.end();
  const minutesAgo = (minutes: number): Date => new Date(Date.now() - minutes * 60_000);
  for (const [text, minutes] of Object.entries({ 'gap 1': 9, 'gap 2': 5, 'gap 3': 1 })) {
    await ana.say(channel, text, { thread: root, at: minutesAgo(minutes) });
  }
  found();
  town.slack.sockets.refuse(0);
  await phone.received((message) => message.text === 'gap 3', PATIENCE_MS);
  await town.quiet();
  expect(phone.inbox.filter(({ fromMe }) => !fromMe).map(({ text }) => text)).toEqual(['gap 1', 'gap 2', 'gap 3']);
}, 180_000);

test('a socket to Slack that drops, and one to WhatsApp, lose nothing, even if they are refused at first', async () => {
  const { phone, channel, root } = await chat('Ivo');
  for (const how of ['reset', 'mid-frame'] as const) {
    town.whatsapp.faults.refuseLogins(office, 503, 1);
    town.slack.sockets.refuse(2);
    town.whatsapp.faults.cut(office, how);
    town.slack.sockets.dropAll();
    await phone.sendText(office, `customer after ${how}`);
    await ana.say(channel, `agent after ${how}`, { thread: root });
    await postWith(town, 'ivo', `customer after ${how}`);
    await phone.received((message) => message.text === `agent after ${how}`, PATIENCE_MS);
    expect(got(phone, `agent after ${how}`)).toBe(1);
    await connected();
  }
  await town.quiet();
  const all = texts(channelOf(town, 'ivo')).filter((text) => text.startsWith('customer'));
  expect(all).toEqual(['customer after reset', 'customer after mid-frame']);
}, 180_000);

test('one channel that Slack makes wait holds up no other', async () => {
  const slow = await chat('Juno');
  const quick = await chat('Kale');
  onTestFinished(() => town.slack.faults.clear());
  const waiting = town.slack.faults.call(
    'chat.postMessage',
    { kind: 'rate_limited', retryAfter: '5' },
    { channel: slow.channel.id },
  );
  await slow.phone.sendText(office, 'must wait');
  await slow.phone.sendText(office, 'waits behind it');
  await town.until(() => waiting.left === 0, 'the 429', PATIENCE_MS);
  await quick.phone.sendText(office, 'goes on');
  const passed = await postWith(town, 'kale', 'goes on');
  await postWith(town, 'juno', 'waits behind it');
  const waited = await postWith(town, 'juno', 'must wait');
  expect(Number(passed.ts)).toBeLessThan(Number(waited.ts));
  expect(texts(slow.channel).slice(-2)).toEqual(['must wait', 'waits behind it']);
}, 180_000);

test.each([
  ['whose answer is lost after it was done', { kind: 'answer_lost' }],
  ['whose answer breaks off', { kind: 'answer_cut' }],
  ['that is answered 503', { kind: 'status', status: 503, body: 'busy' }],
  ['that is answered 500 with a page', { kind: 'status', status: 500, body: '<html>', contentType: 'text/html' }],
  ['that is answered with a web page', { kind: 'html' }],
  ['that is cut off', { kind: 'cut' }],
] as const)(
  'a post %s is there once, and in its place',
  async (what, fault) => {
    const name = `Post${what.length}`;
    const phone = customer(name);
    onTestFinished(() => town.slack.faults.clear());
    await phone.sendText(office, 'message 1');
    await postWith(town, name, 'message 1');
    const order = town.slack.faults.call('chat.postMessage', fault);
    for (const text of numbered(2, 4)) await phone.sendText(office, text);
    await postWith(town, name, 'message 4');
    await town.quiet();
    expect(order.left).toBe(0);
    expect(numberedIn(name)).toEqual(numbered(1, 4));
  },
  180_000,
);

test('whatever Slack says of how long to wait, it is waited for and nothing overtakes', async () => {
  onTestFinished(() => town.slack.faults.clear());
  const past = new Date(Date.now() - 60_000).toUTCString();
  const headers = { Zero: '0', Minus: '-30', Past: past, Part: '0.3', Absent: undefined };
  await Promise.all(
    Object.entries(headers).map(async ([name, retryAfter]) => {
      const { phone, channel } = await chat(name);
      const fault = { kind: 'rate_limited', ...(retryAfter === undefined ? {} : { retryAfter }) } as const;
      const order = town.slack.faults.call('chat.postMessage', fault, { channel: channel.id });
      for (const text of numbered(1, 3)) await phone.sendText(office, text);
      await postWith(town, name, 'message 3');
      expect(order.left).toBe(0);
    }),
  );
  await town.quiet();
  for (const name of Object.keys(headers)) expect(numberedIn(name)).toEqual(numbered(1, 3));
}, 180_000);

test('a call that Slack never answers is given up, looked up, and made once', async () => {
  onTestFinished(() => town.slack.faults.clear());
  await Promise.all(
    Object.entries({ Mute: 'hang', Dumb: 'answer_hangs' } as const).map(async ([name, kind]) => {
      const { phone, channel } = await chat(name);
      const order = town.slack.faults.call('chat.postMessage', { kind }, { channel: channel.id });
      for (const text of numbered(1, 3)) await phone.sendText(office, text);
      await postWith(town, name, 'message 3');
      expect(order.left).toBe(0);
    }),
  );
  await town.quiet();
  for (const name of ['Mute', 'Dumb']) expect(numberedIn(name)).toEqual(numbered(1, 3));
}, 180_000);

test('a line whose posting’s answer is lost stands under its reply once, and goes on', async () => {
  const { phone, channel, root } = await chat('Lime');
  onTestFinished(() => town.slack.faults.clear());
  town.slack.faults.call('chat.postMessage', { kind: 'answer_lost' }, { channel: channel.id });
  await ana.say(channel, 'one line, please', { thread: root });
  await phone.received((message) => message.text === 'one line, please', PATIENCE_MS);
  await town.until(() => texts(channel).some((text) => text.includes('✓✓ delivered')), 'the line', PATIENCE_MS);
  await town.quiet();
  expect(said(channel).filter((message) => shown(message).includes('ana@acme.test'))).toHaveLength(1);
  expect(town.slack.events.deliveries.some(({ event }) => saying('one line, please')(event))).toBe(true);
}, 180_000);
