// /accounts: numbers are listed, added, renamed, linked and unlinked.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { BridgeError } from '../../src/domain/errors.ts';
import type { AccountId } from '../../src/domain/ids.ts';
import { detailOf, idOf, idsOf, itemsOf, openDesk, pathsOf, readAll } from './desk.ts';
import type { Desk } from './desk.ts';

let desk: Desk;
let id: AccountId;
beforeAll(async () => {
  desk = await openDesk();
});
afterAll(() => desk.close());
beforeEach(async () => {
  desk.bridge.asked.length = 0;
  desk.bridge.refusal = undefined;
  desk.bridge.failure = undefined;
  id = idOf(await desk.ask('POST', '/api/v1/accounts', { body: { name: 'Support' } })) as AccountId;
});

test('a number is made with 201, absent values null, and found again', async () => {
  const made = await desk.ask('POST', '/api/v1/accounts', { body: {} });
  expect(made.status).toBe(201);
  expect(made.body).toEqual({
    id: expect.any(String),
    name: 'A number',
    phone: null,
    state: 'unlinked',
    stateText: null,
    signature: false,
    connectedAt: null,
    lastSeenAt: null,
  });
  expect((await desk.ask('GET', `/api/v1/accounts/${idOf(made)}`)).body).toEqual(made.body);
  expect(itemsOf(await desk.ask('GET', '/api/v1/accounts?limit=200'))).toContainEqual(made.body);
});

test('times are ISO 8601 in UTC', async () => {
  const at = new Date('2026-02-01T10:00:00Z');
  await desk.store.read.accounts.setState(id, { state: 'connected', stateText: null, phone: '+351912345678', at });
  const { body } = await desk.ask('GET', `/api/v1/accounts/${id}`);
  expect(body).toMatchObject({ phone: '+351912345678', state: 'connected', connectedAt: '2026-02-01T10:00:00.000Z' });
});

test('a list is cut into pages that hold each number once', async () => {
  await desk.ask('POST', '/api/v1/accounts', { body: {} });
  const all = await desk.ask('GET', '/api/v1/accounts?limit=200');
  const seen = await readAll(desk, '/api/v1/accounts?limit=1');
  expect(seen).toEqual(idsOf(all));
  expect(seen.length).toBeGreaterThan(1);
});

test('a change is audited with who made it', async () => {
  const changed = await desk.ask('PATCH', `/api/v1/accounts/${id}`, { body: { name: ' Sales ', signature: true } });
  expect(changed.body).toMatchObject({ name: 'Sales', signature: true });
  const [row] = await desk.store.read.audit.list({ limit: 1 });
  expect(row).toMatchObject({ action: 'account.change', actorKind: 'token', source: 'api' });
});

test('linking by QR starts, and each step is shown and never cached', async () => {
  const started = await desk.ask('POST', `/api/v1/accounts/${id}/link`, { body: { method: 'qr' } });
  expect([started.status, started.body]).toEqual([202, { step: 'waiting' }]);
  expect(desk.bridge.asked.at(-1)).toEqual({
    what: 'link',
    about: { account: id, method: 'qr' },
    by: { actor: { kind: 'token', name: 'ADMIN_API_TOKEN' }, source: 'api' },
  });
  desk.bridge.steps.set(id, { step: 'qr', qr: '2@text-to-draw', expiresAt: new Date('2026-03-01T12:01:00Z') });
  const step = await desk.ask('GET', `/api/v1/accounts/${id}/link`);
  expect(step.body).toEqual({ step: 'qr', qr: '2@text-to-draw', expiresAt: '2026-03-01T12:01:00.000Z' });
  expect(step.headers.get('cache-control')).toBe('no-store');
});

test('a phone number for a code is taken as people write it', async () => {
  await desk.ask('POST', `/api/v1/accounts/${id}/link`, { body: { method: 'code', phone: '+55 (11) 98765-4321' } });
  expect(desk.bridge.asked.at(-1)?.about).toEqual({ account: id, method: 'code', phone: '+5511987654321' });
});

const wrongLinks: readonly (readonly [string, unknown, readonly string[]])[] = [
  ['no method', {}, ['method']],
  ['another method', { method: 'smoke' }, ['method']],
  ['a code without a phone', { method: 'code' }, ['phone']],
  ['a phone that is none', { method: 'code', phone: 'ana' }, ['phone']],
  ['a phone where none belongs', { method: 'qr', phone: '+5511987654321' }, ['phone']],
];
test.each(wrongLinks)('linking with %s is refused by name', async (_what, body, paths) => {
  const answer = await desk.ask('POST', `/api/v1/accounts/${id}/link`, { body });
  expect(answer.status).toBe(400);
  expect(pathsOf(answer)).toEqual(paths);
  expect(desk.bridge.asked.filter(({ what }) => what === 'link')).toEqual([]);
});

test("the Bridge's refusal is told as it is", async () => {
  desk.bridge.refusal = 'This number is linked already.';
  const answer = await desk.ask('POST', `/api/v1/accounts/${id}/link`, { body: { method: 'qr' } });
  expect([answer.status, detailOf(answer)]).toEqual([409, 'This number is linked already.']);
});

test('a failure at the edge is told by its sentence, and may be tried again', async () => {
  const options = { sentence: 'WhatsApp does not answer.', retry: 'later', certain: true } as const;
  desk.bridge.failure = new BridgeError('unreachable', 'socket hang up at 10.0.0.7', options);
  const answer = await desk.ask('POST', `/api/v1/accounts/${id}/link`, { body: { method: 'qr' } });
  expect([answer.status, detailOf(answer)]).toEqual([503, 'WhatsApp does not answer.']);
  expect(answer.text).not.toContain('10.0.0.7');
});

test('unlinking answers 204 without a body', async () => {
  const { status, text } = await desk.ask('DELETE', `/api/v1/accounts/${id}`);
  expect([status, text]).toEqual([204, '']);
  expect(desk.bridge.asked.at(-1)).toMatchObject({ what: 'unlink', about: { account: id } });
});

test.each(['', '/link'])('an account that is not there is 404 at every address of it (%s)', async (rest) => {
  for (const wrong of ['018f0000-0000-7000-8000-000000000000', 'abc', "' or 1=1--", '..%2f..%2fetc']) {
    const answer = await desk.ask('GET', `/api/v1/accounts/${encodeURIComponent(wrong)}${rest}`);
    expect([answer.status, detailOf(answer)]).toEqual([404, 'There is no such account.']);
  }
});
