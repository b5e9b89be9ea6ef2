// What agents write in Slack threads, on its way to customers: said as meant, once, with the line under it that tells how far it got.
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { makeFiles, type DemoFile, type FileName } from '../../simulators/demo/files.ts';
import type { Channel, Message, Person } from '../../simulators/slack/index.ts';
import type { Phone, ReceivedMessage } from '../../simulators/whatsapp/index.ts';
import { channelOf, said } from './crash.ts';
import { PATIENCE_MS, postWith, sha256, shown } from './look.ts';
import { Town } from './town.ts';

let town: Town;
let office: Phone;
let ana: Person;
let ben: Person;
let files: Readonly<Record<FileName, DemoFile>>;
let accountId: string;
let customers = 0;

function customer(name: string): Phone {
  customers += 1;
  return town.whatsapp.createPhone({ number: `49160${10_000_000 + customers}`, name });
}

interface Chat {
  readonly phone: Phone;
  readonly channel: Channel;
  /** The customer's first message, as posted, and its id on the phone. */
  readonly root: Message;
  readonly id: string;
}

/** A customer who said something, in a channel with both agents in it. */
async function chat(name: string, text = 'hello'): Promise<Chat> {
  const phone = customer(name);
  const id = await phone.sendText(office, text);
  const root = await postWith(town, name, text);
  const channel = channelOf(town, name)!;
  await town.until(() => channel.members.has(ana.id) && channel.members.has(ben.id), 'the agents', PATIENCE_MS);
  return { phone, channel, root, id };
}

const got = (phone: Phone, text: string): Promise<ReceivedMessage> =>
  phone.received((message) => !message.fromMe && message.text === text, PATIENCE_MS);

/** The lines under the replies of a thread, as they read now. */
const lines = (channel: Channel, root: Message): readonly string[] =>
  channel
    .thread(root.ts)
    .filter((message) => message.botId !== undefined && shown(message).includes('@acme.test ·'))
    .map(shown);

const line = async ({ channel, root }: Chat, text: string): Promise<unknown> =>
  town.until(() => lines(channel, root).some((each) => each.includes(text)), `the line “${text}”`, PATIENCE_MS);

const quoteOf = (message: ReceivedMessage): string | null | undefined =>
  message.message.extendedTextMessage?.contextInfo?.stanzaId;

beforeAll(async () => {
  town = await Town.build();
  office = town.whatsapp.createPhone({ number: '4915110000001', name: 'Acme' });
  ana = town.person('Ana', 'ana@acme.test');
  ben = town.person('Ben', 'ben@acme.test');
  files = await makeFiles();
  await town.start();
  accountId = await town.link(office);
});

afterAll(() => town.close());

test('sends formatting and emoji in WhatsApp’s own way', async () => {
  const { phone, channel, root } = await chat('Format');
  await ana.say(channel, '*bold* _italic_ ~gone~ `code` :smile: 👩‍👩‍👧', { thread: root.ts });
  expect((await got(phone, '*bold* _italic_ ~gone~ `code` 😄 👩‍👩‍👧')).copies).toBe(1);
});

test('quotes the thread’s message, unless it is the newest of a direct chat; in a group always', async () => {
  const { phone, channel, root, id } = await chat('Quentin', 'first question');
  await ana.say(channel, 'answer to the newest', { thread: root.ts });
  expect(quoteOf(await got(phone, 'answer to the newest')) ?? undefined).toBeUndefined();
  await phone.sendText(office, 'second question');
  await postWith(town, 'quentin', 'second question');
  await ana.say(channel, 'back to the first', { thread: root.ts });
  expect(quoteOf(await got(phone, 'back to the first'))).toBe(id);

  const group = town.whatsapp.createGroup(phone, 'Quoters', [office]);
  const asked = await phone.sendText(group, 'who is there?');
  const post = await postWith(town, 'quoters', 'who is there?');
  const inGroup = channelOf(town, 'quoters')!;
  await town.until(() => inGroup.members.has(ana.id), 'Ana', PATIENCE_MS);
  await ana.say(inGroup, 'we are', { thread: post.ts });
  expect(quoteOf(await got(phone, 'we are'))).toBe(asked);
});

test('sends files as their WhatsApp kind with their bytes, several in one post each once', async () => {
  const { phone, channel, root } = await chat('Filip');
  const attach = (file: DemoFile) => ({ name: file.name, bytes: file.bytes, mimetype: file.mimeType });
  await ana.say(channel, 'all of it', {
    thread: root.ts,
    files: [attach(files.shelf), attach(files.receipt), attach(files.answer)],
  });
  await phone.received((message) => Boolean(message.message.audioMessage), PATIENCE_MS);
  await town.quiet();
  const received = phone.inbox.filter(({ fromMe }) => !fromMe);
  expect(received.map((message) => sha256(phone.downloadMedia(message)))).toEqual(
    [files.shelf, files.receipt, files.answer].map(({ bytes }) => sha256(bytes)),
  );
  const [image, document, audio] = received.map(({ message }) => message);
  expect(image?.imageMessage?.caption).toBe('all of it');
  const inner = document?.documentMessage ?? document?.documentWithCaptionMessage?.message?.documentMessage;
  expect(inner?.fileName).toBe(files.receipt.name);
  expect(inner?.mimetype).toBe('application/pdf');
  expect(audio?.audioMessage).toBeTruthy();
  expect(received.every(({ copies }) => copies === 1)).toBe(true);
  await town.until(
    () => lines(channel, root).length === 3 && lines(channel, root).every((each) => each.includes('✓✓')),
    'a line for each file',
    PATIENCE_MS,
  );
});

test('an edit and a deletion follow to the customer', async () => {
  const { phone, channel, root } = await chat('Edith');
  const ts = await ana.say(channel, 'at five', { thread: root.ts });
  await got(phone, 'at five');
  await ana.edit(channel, ts, 'at six');
  expect((await got(phone, 'at six')).editedFrom).toEqual(['at five']);
  await ana.remove(channel, ts);
  await phone.received((message) => message.isRevoked, PATIENCE_MS);
});

test('an edit that comes too late is answered with a sentence and stays inside', async () => {
  const { phone, channel, root } = await chat('Late');
  const ts = await ana.say(channel, 'old words', { thread: root.ts });
  await got(phone, 'old words');
  const client = await town.sql();
  await client.query(`update message set sent_at = sent_at - interval '20 minutes' where text = 'old words'`);
  await client.end();
  await ana.edit(channel, ts, 'new words');
  await town.until(
    () => ana.privateAnswers(channel).some((answer) => JSON.stringify(answer.blocks).includes('15 minutes')),
    'the sentence',
    PATIENCE_MS,
  );
  await town.quiet();
  expect(phone.inbox.filter(({ fromMe }) => !fromMe).map(({ text }) => text)).toEqual(['old words']);
});

test('a deletion that comes too late is answered with a sentence', async () => {
  const { phone, channel, root } = await chat('Delia');
  const ts = await ana.say(channel, 'too old to go', { thread: root.ts });
  await got(phone, 'too old to go');
  await town.quiet();
  const client = await town.sql();
  await client.query(`update message set sent_at = sent_at - interval '3 days' where text = 'too old to go'`);
  await client.end();
  await ana.remove(channel, ts);
  await town.until(
    () => ana.privateAnswers(channel).some((answer) => JSON.stringify(answer.blocks).includes('2 days')),
    'the sentence',
    PATIENCE_MS,
  );
  await town.quiet();
  expect((await got(phone, 'too old to go')).isRevoked).toBe(false);
});

test('an agent’s reaction becomes the number’s; the last one wins; the team’s own emoji stay inside', async () => {
  const { phone, channel, root, id } = await chat('Rita');
  const present = (): readonly string[] => [...(phone.inbox.find((each) => each.id === id)?.reactions.values() ?? [])];
  for (const name of ['ticket', 'eyes', 'white_check_mark', 'repeat']) await ana.react(channel, root.ts, name);
  await ana.react(channel, root.ts, '+1');
  await town.until(() => present().join() === '👍', 'the reaction', PATIENCE_MS);
  await ben.react(channel, root.ts, 'heart');
  await town.until(() => present().join() === '❤️', 'the other one’s reaction', PATIENCE_MS);
  await ana.unreact(channel, root.ts, '+1');
  await ben.unreact(channel, root.ts, 'heart');
  await town.until(() => present().length === 0, 'no reaction', PATIENCE_MS);
  await town.quiet();
  expect(phone.inbox.every((message) => [...message.reactions.values()].length === 0)).toBe(true);
});

test('what is written at the top level, or after // or note:, stays inside', async () => {
  const { phone, channel, root } = await chat('Noah');
  await ana.say(channel, 'he always pays late');
  await ana.say(channel, '// careful with him', { thread: root.ts });
  await ben.say(channel, 'Note: I know him', { thread: root.ts });
  await ana.say(channel, 'good morning', { thread: root.ts });
  await got(phone, 'good morning');
  await town.quiet();
  expect(phone.inbox.filter(({ fromMe }) => !fromMe).map(({ text }) => text)).toEqual(['good morning']);
  expect(lines(channel, root)).toHaveLength(1);
});

test('@Name of a participant becomes a mention', async () => {
  const [max, nina] = [customer('Max'), customer('Nina Simon')];
  const group = town.whatsapp.createGroup(max, 'Mentioned', [office, nina]);
  await nina.sendText(group, 'I am Nina');
  await max.sendText(group, 'and I Max');
  const root = await postWith(town, 'mentioned', 'and I Max');
  const channel = channelOf(town, 'mentioned')!;
  await town.until(() => channel.members.has(ana.id), 'Ana', PATIENCE_MS);
  await ana.say(channel, 'see @Nina Simon, please', { thread: root.ts });
  const received = await nina.received((message) => message.text.startsWith('see @'), PATIENCE_MS);
  const mentioned = received.message.extendedTextMessage?.contextInfo?.mentionedJid ?? [];
  expect([nina.jid, nina.lid]).toContain(mentioned[0]);
  expect(received.text).toBe(`see @${mentioned[0]?.split('@')[0]}, please`);
});

test('the line under a reply goes on in its place, for each agent’s own reply', async () => {
  const here = await chat('Lina');
  const { phone, channel, root } = here;
  phone.setOnline(false);
  await ana.say(channel, 'from Ana', { thread: root.ts });
  await line(here, 'ana@acme.test · ✓ sent');
  await ben.say(channel, 'from Ben', { thread: root.ts });
  await line(here, 'ben@acme.test · ✓ sent');
  phone.setOnline(true);
  await line(here, 'ana@acme.test · ✓✓ delivered');
  await line(here, 'ben@acme.test · ✓✓ delivered');
  phone.markRead(office);
  await line(here, 'ana@acme.test · ✓✓ read');
  await line(here, 'ben@acme.test · ✓✓ read');
  expect(lines(channel, root)).toHaveLength(2);
  expect(said(channel)).toHaveLength(5);
});

test('the customer sees that it was read once an agent has replied, and never before', async () => {
  const { phone, channel, root, id } = await chat('Rhea');
  const isRead = (): boolean =>
    phone.receipts.some(({ attrs }) => attrs['type'] === 'read' && JSON.stringify(attrs).includes(id));
  await town.quiet();
  expect(isRead()).toBe(false);
  await ana.say(channel, 'I read it', { thread: root.ts });
  await town.until(isRead, 'the read receipt', PATIENCE_MS);
});

test('a refused message says why, and Resend sends it once under the same id', async () => {
  const here = await chat('Refa');
  const { phone, channel, root } = here;
  onTestFinished(() => town.whatsapp.faults.acks(office, { kind: 'prompt' }));
  town.whatsapp.faults.acks(office, { kind: 'refuse', code: 463 }, 1);
  await ana.say(channel, 'not at first', { thread: root.ts });
  await line(here, '✗ not sent');
  expect(lines(channel, root)[0]).toMatch(/✗ not sent: WhatsApp restricts this number/);
  expect(phone.inbox.filter(({ fromMe }) => !fromMe)).toEqual([]);
  await resend(here);
  const received = await got(phone, 'not at first');
  await line(here, '✓✓ delivered');
  await town.quiet();
  expect(received.copies).toBe(1);
  expect(lines(channel, root)).toHaveLength(1);
});

test('without an answer it is sent once more under the same id, then left to a person', async () => {
  const here = await chat('Una');
  const { phone, channel, root } = here;
  onTestFinished(() => town.whatsapp.faults.acks(office, { kind: 'prompt' }));
  town.whatsapp.faults.acks(office, { kind: 'lose' }, 2);
  await ana.say(channel, 'is this on?', { thread: root.ts });
  await line(here, '⚠ not confirmed');
  await town.quiet();
  expect(phone.inbox.filter(({ fromMe }) => !fromMe)).toEqual([]);
  const tries = town.whatsapp.history.flatMap((entry) =>
    entry.kind === 'received' && entry.stanza.tag === 'message' && entry.stanza.attrs['type'] === 'text'
      ? [entry.stanza.attrs['id']]
      : [],
  );
  const [last] = tries.slice(-1);
  expect(tries.filter((id) => id === last)).toHaveLength(2);
  await resend(here);
  const received = await got(phone, 'is this on?');
  expect(received.id).toBe(last);
  await line(here, '✓✓ delivered');
}, 180_000);

test('a link that dies before the confirmation: the customer has the reply once, and the line says so', async () => {
  const here = await chat('Cutter');
  const { phone, channel, root } = here;
  onTestFinished(() => town.whatsapp.faults.acks(office, { kind: 'prompt' }));
  town.whatsapp.faults.acks(office, { kind: 'cut' }, 1);
  await ana.say(channel, 'said once', { thread: root.ts });
  await got(phone, 'said once');
  await line(here, '✓✓ delivered');
  await ana.say(channel, 'said after it', { thread: root.ts });
  await got(phone, 'said after it');
  await town.quiet();
  const received = phone.inbox.filter(({ fromMe }) => !fromMe);
  expect(received.map(({ text }) => text)).toEqual(['said once', 'said after it']);
  expect(lines(channel, root)).toHaveLength(2);
});

test('whoever loses the chat before a reply has left sends nothing any more, and reads why', async () => {
  const here = await chat('Vera');
  const { phone, channel, root } = here;
  const cy = town.person('Cy', 'cy@acme.test');
  const agentId = await invite('cy@acme.test', 'Vera');
  await town.until(() => channel.members.has(cy.id), 'Cy in the channel', PATIENCE_MS);
  onTestFinished(() => town.whatsapp.faults.acceptLogins(office));
  town.whatsapp.faults.refuseLogins(office, 503);
  town.whatsapp.faults.cut(office, 'reset');
  await cy.say(channel, 'still mine?', { thread: root.ts });
  await line(here, 'cy@acme.test · ');
  expect((await town.api('PATCH', `/api/v1/agents/${agentId}`, { active: false })).status).toBe(200);
  town.whatsapp.faults.acceptLogins(office);
  await ana.say(channel, 'mine now', { thread: root.ts });
  await got(phone, 'mine now');
  await line(here, 'cy@acme.test · ✗ not sent');
  await town.quiet();
  expect(phone.inbox.filter(({ fromMe }) => !fromMe).map(({ text }) => text)).toEqual(['mine now']);
}, 180_000);

test('a confirmation that comes late turns the line right', async () => {
  const here = await chat('Latte');
  const { phone, channel, root } = here;
  onTestFinished(() => town.whatsapp.faults.acks(office, { kind: 'prompt' }));
  phone.setOnline(false);
  town.whatsapp.faults.acks(office, { kind: 'withhold' }, 2);
  await ana.say(channel, 'arrives anyway', { thread: root.ts });
  await line(here, '⚠ not confirmed');
  phone.setOnline(true);
  await got(phone, 'arrives anyway');
  await line(here, '✓✓ delivered');
  const post = channel.thread(root.ts).find((message) => shown(message).includes('✓✓ delivered'));
  expect(JSON.stringify(post?.blocks)).not.toContain('resend');
}, 180_000);

test('a reply by the API reaches the customer and shows in Slack as a post with its line', async () => {
  const { phone, channel } = await chat('Apia');
  const { body } = await town.api('GET', '/api/v1/chats');
  const chats = (body['items'] ?? body['chats']) as readonly { id: string; name: string | null; accountId: string }[];
  const found = chats.find(({ name }) => name === 'Apia');
  expect(found?.accountId).toBe(accountId);
  const { status } = await town.api('POST', `/api/v1/chats/${found?.id}/messages`, { text: 'by a machine' });
  expect(status).toBeLessThan(300);
  await got(phone, 'by a machine');
  const post = await postWith(town, 'apia', 'by a machine');
  await town.until(() => shown(channel.message(post.ts)!).includes('✓✓ delivered'), 'its line', PATIENCE_MS);
});

test('a reply deleted while the number is away never reaches the customer', async () => {
  const here = await chat('Uma');
  const { phone, channel, root } = here;
  town.whatsapp.faults.refuseLogins(office, 503);
  town.whatsapp.faults.cut(office, 'reset');
  const ts = await ana.say(channel, 'thought better of it', { thread: root.ts });
  await line(here, 'sending');
  await ana.remove(channel, ts);
  await line(here, 'deleted');
  town.whatsapp.faults.acceptLogins(office);
  await ana.say(channel, 'said after it', { thread: root.ts });
  await got(phone, 'said after it');
  expect(phone.inbox.filter((message) => message.text === 'thought better of it')).toEqual([]);
}, 180_000);

/** Invites a member who may see one chat; gives the agent's id. */
async function invite(emails: string, chatName: string): Promise<string> {
  const { items } = (await town.api('GET', '/api/v1/chats')).body as { items: { id: string; name: string }[] };
  const chatIds = items.filter(({ name }) => name === chatName).map(({ id }) => id);
  const { body } = await town.api('POST', '/api/v1/agents/invitations', { emails, role: 'member', chatIds });
  const [invited] = body['invited'] as { agentId: string }[];
  if (invited === undefined) throw new Error(`nobody was invited: ${JSON.stringify(body)}`);
  return invited.agentId;
}

/** Presses Resend under the reply. */
async function resend({ channel, root }: Chat): Promise<void> {
  const post = await town.until(
    () => channel.thread(root.ts).find((message) => JSON.stringify(message.blocks).includes('"resend:')),
    'the Resend button',
    PATIENCE_MS,
  );
  const action = /"action_id":"(resend:[^"]+)"/.exec(JSON.stringify(post.blocks))?.[1] ?? '';
  await ana.click(post, action);
}
