// /deliveries and /audit: what went wrong and what was done.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { AgentId, DeliveryId } from '../../src/domain/ids.ts';
import type { Account } from '../../src/store/account.ts';
import type { Chat } from '../../src/store/chat.ts';
import {
  detailOf,
  idsOf,
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

let desk: Desk;
let account: Account;
let chat: Chat;
let ids: Readonly<Record<'failed' | 'uncertain' | 'queued', DeliveryId>>;
beforeAll(async () => {
  desk = await openDesk();
  const { store } = desk;
  account = await seedAccount(store);
  chat = await seedChat(store, account, { name: 'Customer' });
  const made: DeliveryId[] = [];
  for (let n = 0; n < 3; n += 1) {
    const { id: messageId } = await seedMessage(store, chat, { source: 'web', state: 'queued' });
    const lane = { target: `account:${account.id}`, class: 'live', of: chat.id } as const;
    await store.transaction((tx) =>
      tx.deliveries.enqueue(lane, { kind: 'send', messageId }, { messageId, chatId: chat.id }, new Date()),
    );
    const [row] = await store.read.deliveries.list({ states: ['queued'], limit: 1 });
    if (row !== undefined) made.push(row.id);
  }
  const [failed, uncertain, queued] = made as [DeliveryId, DeliveryId, DeliveryId];
  ids = { failed, uncertain, queued };
  await store.query(`update delivery set state = 'failed', reason = 'Not on WhatsApp.' where id = $1`, [failed]);
  await store.query(`update delivery set state = 'uncertain' where id = $1`, [uncertain]);
});
afterAll(() => desk.close());
beforeEach(() => {
  desk.bridge.refusal = undefined;
  desk.bridge.asked.length = 0;
});

test('deliveries are listed by state, the newest first, with why they failed', async () => {
  const trouble = await desk.ask('GET', '/api/v1/deliveries?state=failed,uncertain');
  expect(idsOf(trouble)).toEqual([ids.uncertain, ids.failed]);
  expect(itemsOf(trouble)[1]).toEqual({
    id: ids.failed,
    kind: 'send',
    to: `account:${account.id}`,
    state: 'failed',
    attempts: 0,
    reason: 'Not on WhatsApp.',
    createdAt: expect.stringMatching(/Z$/),
    chatId: chat.id,
  });
  expect(await readAll(desk, '/api/v1/deliveries?limit=1')).toEqual([ids.queued, ids.uncertain, ids.failed]);
});

test('a state that there is not is refused by name', async () => {
  const answer = await desk.ask('GET', '/api/v1/deliveries?state=failed,lost');
  expect([refusalOf(answer), pathsOf(answer)]).toEqual([400, ['state.1']]);
});

test.each(['retry', 'give-up'])('%s is asked of the Bridge, whose refusal is told', async (action) => {
  const done = await desk.ask('POST', `/api/v1/deliveries/${ids.failed}/${action}`);
  expect([done.status, done.body]).toEqual([200, expect.objectContaining({ id: ids.failed })]);
  expect(desk.bridge.asked).toMatchObject([{ about: { delivery: ids.failed } }]);
  desk.bridge.refusal = 'It is on its way.';
  const refused = await desk.ask('POST', `/api/v1/deliveries/${ids.queued}/${action}`);
  expect([refusalOf(refused), detailOf(refused)]).toEqual([409, 'It is on its way.']);
});

test.each(['0', '-1', 'abc', '9'.repeat(40), '1e3', '4711'])('the delivery %s is not there', async (id) => {
  expect(refusalOf(await desk.ask('POST', `/api/v1/deliveries/${id}/retry`))).toBe(404);
  expect(desk.bridge.asked).toEqual([]);
});

test('the audit log is found by person, chat, action and time', async () => {
  const ana: AgentId = await desk.agent('ana@acme.com', 'admin');
  const bo: AgentId = await desk.agent('bo@acme.com', 'member');
  const at = (day: number): Date => new Date(`2026-01-0${day}T00:00:00Z`);
  const byAna = { actor: { kind: 'agent', agentId: ana }, source: 'web' } as const;
  await desk.store.transaction(async (tx) => {
    await tx.audit.add({ ...byAna, action: 'grant', agentId: bo, chatId: chat.id, at: at(1) });
    await tx.audit.add({ ...byAna, action: 'bulk', detail: { chatIds: [chat.id] }, at: at(2) });
    await tx.audit.add({ actor: { kind: 'stranger', name: 'U9' }, action: 'refused', source: 'slack', at: at(3) });
  });
  const actions = async (query: string): Promise<readonly unknown[]> =>
    itemsOf(await desk.ask('GET', `/api/v1/audit?${query}`)).map((item) => item['action']);
  expect(await actions('')).toEqual(['refused', 'bulk', 'grant']);
  expect(await actions('agent=ANA@acme.com')).toEqual(['bulk', 'grant']);
  expect(await actions(`agent=${bo}`)).toEqual(['grant']);
  expect(await actions('agent=nobody@acme.com')).toEqual([]);
  expect(await actions(`chat=${chat.id}`)).toEqual(['bulk', 'grant']);
  expect(await actions('action=refused')).toEqual(['refused']);
  expect(await actions('from=2026-01-02T00:00:00Z&to=2026-01-03T00:00:00Z')).toEqual(['bulk']);
  expect(await actions('from=2026-01-02T00:00:00%2B01:00')).toEqual(['refused', 'bulk']);
  expect(itemsOf(await desk.ask('GET', '/api/v1/audit?action=grant'))).toEqual([
    {
      id: expect.any(String),
      at: '2026-01-01T00:00:00.000Z',
      actor: { kind: 'agent', email: 'ana@acme.com', name: null },
      action: 'grant',
      chatId: chat.id,
      agentId: bo,
      detail: null,
      source: 'web',
    },
  ]);
  expect(await readAll(desk, '/api/v1/audit?limit=1')).toHaveLength(3);
  expect(pathsOf(await desk.ask('GET', '/api/v1/audit?from=yesterday'))).toEqual(['from']);
});
