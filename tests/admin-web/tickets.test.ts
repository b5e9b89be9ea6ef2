// /tickets: opened, listed and changed over the API; members on the chats they see.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AgentId } from '../../src/domain/ids.ts';
import type { Chat } from '../../src/store/chat.ts';
import {
  detailOf,
  idOf,
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
import type { Asked, Desk } from './desk.ts';

const NOWHERE = '018f0000-0000-7000-8000-000000000000';

let desk: Desk;
let mia: Chat;
let tom: Chat;
let ana: AgentId;
let ben: AgentId;
let admin: AgentId;
beforeAll(async () => {
  desk = await openDesk();
  const account = await seedAccount(desk.store);
  mia = await seedChat(desk.store, account, { name: 'Mia' });
  tom = await seedChat(desk.store, account, { name: 'Tom' });
  ana = await desk.agent('ana@acme.com', 'member', [mia]);
  ben = await desk.agent('ben@acme.com', 'member', [mia, tom]);
  admin = await desk.agent('boss@acme.com', 'admin');
});
afterAll(() => desk.close());

const open = (body: Readonly<Record<string, unknown>>, as?: AgentId): Promise<Asked> =>
  desk.ask('POST', '/api/v1/tickets', { body, ...(as === undefined ? {} : { as }) });
const change = (id: string, body: unknown, as?: AgentId): Promise<Asked> =>
  desk.ask('PATCH', `/api/v1/tickets/${id}`, { body, ...(as === undefined ? {} : { as }) });

test('a ticket is opened on a message, once as long as it is not closed, and shown whole', async () => {
  const { id: messageId } = await seedMessage(desk.store, mia, { text: 'The  parcel\nis broken' });
  const opened = await open({ chatId: mia.id, messageId, priority: 'high', dueAt: '2026-03-02T10:00:00+01:00' }, ana);
  expect(opened.status).toBe(201);
  expect(opened.body).toEqual({
    id: expect.any(String),
    number: expect.any(Number),
    chatId: mia.id,
    messageId,
    subject: 'The parcel is broken',
    status: 'open',
    assignee: null,
    priority: 'high',
    dueAt: '2026-03-02T09:00:00.000Z',
    openedAt: '2026-03-01T12:00:00.000Z',
    closedAt: null,
  });
  expect(idOf(await open({ chatId: mia.id, messageId }, ben))).toBe(idOf(opened));
  await change(idOf(opened), { status: 'closed' });
  const again = await open({ chatId: mia.id, messageId });
  expect(idOf(again)).not.toBe(idOf(opened));
  await change(idOf(again), { status: 'closed' });
});

test('several things change at once or not at all, and it is audited', async () => {
  const id = idOf(await open({ chatId: mia.id, subject: 'A question', assignee: 'ben@acme.com' }));
  const changed = await change(id, { status: 'in_progress', subject: 'Two questions', priority: 'urgent' }, ana);
  expect([changed.status, changed.body]).toMatchObject([
    200,
    { status: 'in_progress', subject: 'Two questions', priority: 'urgent', assignee: 'ben@acme.com', dueAt: null },
  ]);
  expect((await change(id, { status: 'closed' }, ana)).body).toMatchObject({
    status: 'closed',
    closedAt: '2026-03-01T12:00:00.000Z',
  });
  const late = await change(id, { subject: 'Three', assignee: 'ana@acme.com' }, ana);
  expect([refusalOf(late), detailOf(late)]).toEqual([409, expect.stringContaining('is closed. Reopen it first.')]);
  expect((await change(id, {}, ana)).body).toMatchObject({ subject: 'Two questions', status: 'closed' });
  expect((await change(id, { status: 'open', assignee: null }, ana)).body).toMatchObject({
    status: 'open',
    assignee: null,
    closedAt: null,
  });
  const audit = itemsOf(await desk.ask('GET', `/api/v1/audit?chat=${mia.id}`));
  const steps = audit.filter(({ detail }) => (detail as { ticketId?: string }).ticketId === id);
  expect(steps.map(({ action, actor }) => [action, (actor as { email: string | null }).email])).toEqual([
    ['ticket change', 'ana@acme.com'],
    ['ticket close', 'ana@acme.com'],
    ['ticket change', 'ana@acme.com'],
    ['ticket open', null],
  ]);
});

test('whose it becomes must be of the team and see the chat', async () => {
  const nobody = await open({ chatId: tom.id, assignee: 'nobody@acme.com' });
  expect([refusalOf(nobody), pathsOf(nobody)]).toEqual([400, ['assignee']]);
  const blind = await open({ chatId: tom.id, assignee: 'ana@acme.com' }, ben);
  expect([refusalOf(blind), detailOf(blind)]).toEqual([409, 'ana@acme.com doesn’t see this chat.']);
  expect(itemsOf(await desk.ask('GET', `/api/v1/tickets?chat=${tom.id}`))).toEqual([]);
});

test('a ticket on a chat that a member does not see is not there', async () => {
  const id = idOf(await open({ chatId: tom.id, subject: 'Secret' }));
  const [hidden, missing] = [await change(id, { status: 'closed' }, ana), await change(NOWHERE, {}, ana)];
  expect([refusalOf(hidden), hidden.text]).toEqual([404, missing.text]);
  const [chat, nowhere] = [await open({ chatId: tom.id }, ana), await open({ chatId: NOWHERE }, ana)];
  expect([refusalOf(chat), chat.text]).toEqual([404, nowhere.text]);
  expect((await desk.ask('GET', '/api/v1/tickets?limit=200', { as: ana })).text).not.toContain('Secret');
  expect(itemsOf(await desk.ask('GET', `/api/v1/tickets?chat=${tom.id}`, { as: ana }))).toEqual([]);
  expect(idsOf(await desk.ask('GET', `/api/v1/tickets?chat=${tom.id}`, { as: ben }))).toEqual([id]);
  // Of another chat: no message of this one.
  const { id: messageId } = await seedMessage(desk.store, tom);
  expect(refusalOf(await open({ chatId: mia.id, messageId }, ana))).toBe(404);
});

test('tickets are found by status, chat and assignee, the newest number first, page by page', async () => {
  const account = await seedAccount(desk.store);
  const chat = await seedChat(desk.store, account, { name: 'Filtered' });
  await desk.access.apply(
    { kind: 'grant', agents: ['ben@acme.com'], chats: { chatIds: [chat.id] } },
    { kind: 'program', source: 'program' },
  );
  const ids: string[] = [];
  for (const assignee of ['ben@acme.com', null, 'ben@acme.com', 'boss@acme.com']) {
    ids.unshift(idOf(await open({ chatId: chat.id, assignee })));
  }
  const [bosses = '', bens = '', nobodys = '', first = ''] = ids;
  await change(first, { status: 'closed' });
  await change(bens, { status: 'in_progress' });
  const path = `/api/v1/tickets?chat=${chat.id}`;
  const found = async (query: string) => idsOf(await desk.ask('GET', `${path}&${query}`, { as: admin }));
  expect(await readAll(desk, `${path}&limit=1`)).toEqual(ids);
  expect(await found('status=open')).toEqual([bosses, nobodys]);
  expect(await found('status=in_progress,closed')).toEqual([bens, first]);
  expect(await found('assignee=BEN@acme.com')).toEqual([bens, first]);
  expect(await found('assignee=none&status=open')).toEqual([nobodys]);
  expect(await found('assignee=nobody@acme.com')).toEqual([]);
});

test('a key opens one ticket, however often it is sent', async () => {
  const before = itemsOf(await desk.ask('GET', '/api/v1/tickets?limit=200')).length;
  const send = () =>
    desk.ask('POST', '/api/v1/tickets', { body: { chatId: mia.id }, headers: { 'idempotency-key': 'once' } });
  const [one, other] = [await send(), await send()];
  expect([one.status, other.body]).toEqual([201, one.body]);
  expect(itemsOf(await desk.ask('GET', '/api/v1/tickets?limit=200'))).toHaveLength(before + 1);
});

test.each([
  [{ chatId: 'x', subject: ' ' }, ['subject']],
  [{ chatId: 'x', priority: 'huge', dueAt: 'tomorrow' }, ['priority', 'dueAt']],
  [{ chatId: 'x', status: 'open' }, ['status']],
])('%j is refused by name', async (body, paths) => {
  const answer = await open(body);
  expect([refusalOf(answer), pathsOf(answer)]).toEqual([400, paths]);
});

test.each(['status=done', 'cursor=WyJ4Il0'])('?%s is refused by name', async (query) => {
  const answer = await desk.ask('GET', `/api/v1/tickets?${query}`);
  expect([refusalOf(answer), pathsOf(answer)]).toEqual([400, [expect.stringContaining(query.split('=')[0] ?? '')]]);
});
