// Idempotency-Key: done once, answered the same; another request under the same key is refused.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { BridgeError } from '../../src/domain/errors.ts';
import type { Chat } from '../../src/store/chat.ts';
import { openDesk, pathsOf, refusalOf, seedAccount, seedChat } from './desk.ts';
import type { Asked, Desk } from './desk.ts';

let desk: Desk;
let chat: Chat;
let keys = 0;
let key: string;
beforeAll(async () => {
  desk = await openDesk();
  chat = await seedChat(desk.store, await seedAccount(desk.store), { name: 'Customer' });
});
afterAll(() => desk.close());
beforeEach(() => {
  keys += 1;
  key = `key-${keys}`;
  desk.bridge.asked.length = 0;
  desk.bridge.refusal = undefined;
  desk.bridge.failure = undefined;
});

const reply = (text: string, headers: Readonly<Record<string, string>> = { 'idempotency-key': key }): Promise<Asked> =>
  desk.ask('POST', `/api/v1/chats/${chat.id}/messages`, { body: { text }, headers });

test('a repeat is answered as before and done once', async () => {
  const first = await reply('Hi');
  const second = await reply('Hi');
  expect([second.status, second.text]).toEqual([201, first.text]);
  expect([first, second].map((answer) => answer.headers.get('idempotency-replayed'))).toEqual([null, 'true']);
  expect(desk.bridge.asked).toHaveLength(1);
});

test('of many at once, one is done and the others are told the same or to wait', async () => {
  const answers = await Promise.all(Array.from({ length: 8 }, () => reply('Hi')));
  expect(new Set(answers.map((answer) => answer.status))).toEqual(
    new Set(answers.some((answer) => answer.status === 409) ? [201, 409] : [201]),
  );
  expect(desk.bridge.asked).toHaveLength(1);
});

test('the order of fields makes no other request, their values do', async () => {
  const post = (raw: string): Promise<Asked> =>
    desk.ask('POST', `/api/v1/accounts/${chat.accountId}/link`, { raw, headers: { 'idempotency-key': key } });
  expect((await post('{"method":"code","phone":"+351912345678"}')).status).toBe(202);
  expect((await post('{"phone":"+351912345678","method":"code"}')).status).toBe(202);
  expect(refusalOf(await post('{"method":"qr"}'))).toBe(422);
  expect(desk.bridge.asked).toHaveLength(1);
});

test('the same key at another address is another request', async () => {
  await reply('Hi');
  const answer = await desk.ask('POST', '/api/v1/accounts', { body: {}, headers: { 'idempotency-key': key } });
  expect(refusalOf(answer)).toBe(422);
});

test('two people may use the same key', async () => {
  const ana = await desk.agent('ana@acme.com', 'admin');
  await reply('Hi');
  const body = { text: 'Hi' };
  const headers = { 'idempotency-key': key };
  const answer = await desk.ask('POST', `/api/v1/chats/${chat.id}/messages`, { as: ana, body, headers });
  expect([answer.status, answer.headers.get('idempotency-replayed')]).toEqual([201, null]);
});

test('a refusal frees the key, as nothing was done', async () => {
  desk.bridge.refusal = 'This chat is read only.';
  expect(refusalOf(await reply('Hi'))).toBe(409);
  desk.bridge.refusal = undefined;
  expect((await reply('Hi')).status).toBe(201);
});

test('a failure that surely left nothing frees the key, too', async () => {
  desk.bridge.failure = new BridgeError('unreachable', 'x', { sentence: 'Later.', retry: 'later', certain: true });
  expect(refusalOf(await reply('Hi'))).toBe(503);
  desk.bridge.failure = undefined;
  expect((await reply('Hi')).status).toBe(201);
});

test('after a failure of which nobody knows what it left, a repeat is not done', async () => {
  desk.bridge.failure = new Error('the process was killed in the middle');
  expect(refusalOf(await reply('Hi'))).toBe(500);
  desk.bridge.failure = undefined;
  expect(refusalOf(await reply('Hi'))).toBe(409);
  expect(desk.bridge.asked).toHaveLength(1);
});

test('a key is forgotten after a day', async () => {
  const made = await openDesk();
  const ask = (): Promise<Asked> =>
    made.ask('POST', '/api/v1/accounts', { body: {}, headers: { 'idempotency-key': 'k' } });
  await ask();
  await made.clock.advance(24 * 60 * 60_000);
  await ask();
  expect(made.bridge.asked).toHaveLength(1);
  await made.clock.advance(1);
  await ask();
  expect(made.bridge.asked).toHaveLength(2);
  await made.close();
});

test('what is kept is sealed', async () => {
  await reply('Words that nobody else may read');
  const rows = await desk.store.query('select answer from idempotency where key = $1', [key]);
  const [row] = rows as { answer: Buffer }[];
  expect(Buffer.from(row?.answer ?? '').toString('latin1')).not.toContain('Words');
});

test.each(['', 'a key', 'x'.repeat(256)])('the key %j is refused', async (wrong) => {
  const answer = await reply('Hi', { 'idempotency-key': wrong });
  expect([refusalOf(answer), pathsOf(answer)]).toEqual([400, ['Idempotency-Key']]);
});
