// /chats/:id/messages: the transcript with who said what and how far it got, and replying.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { AgentId, ContactId, MediaRef } from '../../src/domain/ids.ts';
import type { Chat } from '../../src/store/chat.ts';
import type { Message } from '../../src/store/message.ts';
import {
  detailOf,
  itemsOf,
  openDesk,
  pathsOf,
  readAll,
  refusalOf,
  seedAccount,
  seedChat,
  seedMessage,
} from './desk.ts';
import type { Desk } from './desk.ts';

const NEVER = { quoted: null, media: null, postedAt: null, reason: null, editedAt: null, deletedAt: null };

let desk: Desk;
let chat: Chat;
let other: Chat;
let ana: AgentId;
let said: readonly Message[];
beforeAll(async () => {
  desk = await openDesk();
  const { store } = desk;
  const account = await seedAccount(store);
  chat = await seedChat(store, account, { name: 'Customer', phone: '+351912345678' });
  other = await seedChat(store, account, { name: 'Other' });
  ana = await desk.agent('ana@acme.com', 'member', [chat]);
  const at = (minute: number): Date => new Date(`2026-03-01T11:0${minute}:00Z`);
  const first = await seedMessage(store, chat, { text: 'Hello?', sentAt: at(0) });
  const reply = await seedMessage(store, chat, {
    source: 'platform',
    agentId: ana,
    text: 'Hi!',
    quotedId: first.id,
    state: 'read',
    sentAt: at(1),
  });
  const photo = await seedMessage(store, chat, {
    content: {
      kind: 'media',
      media: 'image',
      file: { ref: 'a-ref-with-keys' as MediaRef, mimeType: 'image/jpeg', name: 'cat.jpg', sizeBytes: 7 },
      caption: [],
      viewOnce: false,
    },
    text: '',
    sentAt: at(2),
  });
  const fromPhone = await seedMessage(store, chat, { source: 'phone', text: 'On it', sentAt: at(3) });
  const note = await seedMessage(store, chat, { source: 'platform', agentId: ana, note: true, sentAt: at(3) });
  const doer = chat.contactId as ContactId;
  await store.read.reactions.set(reply.id, doer, { emoji: '👍', agentId: null, at: at(4) });
  await store.read.reactions.set(first.id, 'us', { emoji: '🙏', agentId: ana, at: at(4) });
  said = [first, reply, photo, fromPhone, note];
});
afterAll(() => desk.close());
beforeEach(() => {
  desk.bridge.refusal = undefined;
});

test('each message tells who said it, what it answers and how far it got', async () => {
  const answer = await desk.ask('GET', `/api/v1/chats/${chat.id}/messages`);
  const [, fromPhone, photo, reply, first] = itemsOf(answer);
  expect(first).toEqual({
    ...NEVER,
    id: said[0]?.id,
    direction: 'in',
    kind: 'text',
    text: 'Hello?',
    author: { kind: 'contact', name: 'Customer', email: null },
    reactions: [{ emoji: '🙏', by: 'ana@acme.com' }],
    sentAt: '2026-03-01T11:00:00.000Z',
    state: null,
    note: false,
  });
  expect(reply).toEqual({
    ...NEVER,
    id: said[1]?.id,
    direction: 'out',
    kind: 'text',
    text: 'Hi!',
    author: { kind: 'agent', name: 'ana@acme.com', email: 'ana@acme.com' },
    quoted: { id: said[0]?.id, text: 'Hello?' },
    reactions: [{ emoji: '👍', by: 'Customer' }],
    sentAt: '2026-03-01T11:01:00.000Z',
    state: 'read',
    note: false,
  });
  expect(photo).toMatchObject({
    kind: 'media',
    media: { type: 'image', name: 'cat.jpg', size: 7, url: expect.stringMatching(/^\/media\//) },
  });
  expect(fromPhone).toMatchObject({ author: { kind: 'phone', name: 'Support', email: null } });
  expect(answer.text).not.toContain('a-ref-with-keys');
});

test('the newest comes first; pages hold each message once, those of one moment too', async () => {
  const ids = said.map((message) => message.id).toReversed();
  const address = `/api/v1/chats/${chat.id}/messages`;
  for (const limit of [1, 2, 4, 5]) expect(await readAll(desk, `${address}?limit=${limit}`)).toEqual(ids);
  const before = await desk.ask('GET', `${address}?before=${said[2]?.id}`);
  expect(itemsOf(before).map((item) => item['id'])).toEqual(ids.slice(3));
});

test('a message of another chat is no place to begin', async () => {
  const foreign = await seedMessage(desk.store, other);
  for (const place of [foreign.id, 'nonsense', '018f0000-0000-7000-8000-000000000000']) {
    const answer = await desk.ask('GET', `/api/v1/chats/${chat.id}/messages?before=${place}`);
    expect([refusalOf(answer), pathsOf(answer)]).toEqual([400, ['before']]);
  }
});

test('a reply is made by whoever is signed in', async () => {
  const answer = await desk.ask('POST', `/api/v1/chats/${chat.id}/messages`, { as: ana, body: { text: ' As *is* ' } });
  expect(answer.status).toBe(201);
  expect(answer.body).toMatchObject({
    text: ' As *is* ',
    direction: 'out',
    state: 'queued',
    author: { kind: 'agent', email: 'ana@acme.com' },
  });
  expect(desk.bridge.asked.at(-1)).toEqual({
    what: 'reply',
    about: { chatId: chat.id, agentId: ana, text: ' As *is* ' },
    by: { actor: { kind: 'agent', agentId: ana, name: 'ana@acme.com' }, source: 'web' },
  });
});

test("a reply by the admin's token bears nobody's name", async () => {
  const answer = await desk.ask('POST', `/api/v1/chats/${chat.id}/messages`, { body: { text: 'Hi' } });
  expect(answer.body).toMatchObject({ author: { kind: 'automation', email: null } });
});

test("the Bridge's refusal is told as it is", async () => {
  desk.bridge.refusal = 'This chat is read only.';
  const answer = await desk.ask('POST', `/api/v1/chats/${chat.id}/messages`, { as: ana, body: { text: 'Hi' } });
  expect([refusalOf(answer), detailOf(answer)]).toEqual([409, 'This chat is read only.']);
});

const wrongReplies: readonly (readonly [string, unknown, string])[] = [
  ['no text', {}, 'text'],
  ['blank text', { text: ' \n ' }, 'text'],
  ['text with NUL', { text: 'a\0b' }, 'text'],
  ['too much text', { text: 'x'.repeat(65_537) }, 'text'],
  ['somebody else as its author', { text: 'Hi', agentId: 'x' }, 'agentId'],
];
test.each(wrongReplies)('a reply with %s is refused by name', async (_what, body, path) => {
  const asked = desk.bridge.asked.length;
  const answer = await desk.ask('POST', `/api/v1/chats/${chat.id}/messages`, { body });
  expect([refusalOf(answer), pathsOf(answer)]).toEqual([400, [path]]);
  expect(desk.bridge.asked.length).toBe(asked);
});
