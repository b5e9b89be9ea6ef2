// The routes of access: who sees a chat and why, changing it for many, the dry run, and the team.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { AgentId } from '../../src/domain/ids.ts';
import type { Account } from '../../src/store/account.ts';
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

let desk: Desk;
let account: Account;
let admin: AgentId;
beforeAll(async () => {
  desk = await openDesk();
  account = await seedAccount(desk.store);
  admin = await desk.agent('admin@acme.com', 'admin');
});
afterAll(() => desk.close());

let tests = 0;
let one: Chat;
let two: Chat;
let bo: AgentId;
let cy: AgentId;
/** Of this test alone, as its chats' and its people's names are. */
let label: string;
let boEmail: string;
beforeEach(async () => {
  tests += 1;
  label = `VIP ${tests}`;
  boEmail = `bo-${tests}@acme.com`;
  one = await seedChat(desk.store, account, { name: `One ${tests}!` });
  two = await seedChat(desk.store, account, { name: `Two ${tests}!` });
  bo = await desk.agent(boEmail, 'member');
  cy = await desk.agent(`cy-${tests}@acme.com`, 'member');
});

const post = (path: string, body: unknown): Promise<Asked> => desk.ask('POST', `/api/v1${path}`, { body });
const seen = (agent: AgentId): Promise<readonly string[]> => readAll(desk, '/api/v1/chats', { as: agent });

test('access is given to several at once, admins are refused by name, and it is there with the next request', async () => {
  const answer = await post('/chats/access', {
    chatIds: [one.id, two.id],
    agents: [boEmail, 'Admin@acme.com', 'nobody@acme.com'],
    action: 'add',
  });
  expect([answer.status, answer.body]).toEqual([
    200,
    {
      changed: 2,
      unchanged: 0,
      refused: [
        expect.objectContaining({ agent: 'admin@acme.com', reason: expect.stringContaining('admin') }),
        expect.objectContaining({ agent: 'nobody@acme.com' }),
      ],
      still: [],
    },
  ]);
  expect(await seen(bo)).toEqual([two.id, one.id]);
  expect(await seen(cy)).toEqual([]);
});

test('who still sees a chat through a label is told, by label', async () => {
  await post('/labels', { name: label, color: '#123456' });
  await post('/chats/labels', { chatIds: [one.id], labels: [label.toLowerCase()], action: 'add' });
  await desk.ask('PATCH', `/api/v1/agents/${bo}`, { body: { labels: [label] } });
  await post('/chats/access', { chatIds: [one.id], agents: [boEmail], action: 'add' });
  const removed = await post('/chats/access', { chatIds: [one.id], agents: [boEmail], action: 'remove' });
  expect(removed.body).toMatchObject({
    changed: 1,
    still: [{ agent: boEmail, chatId: one.id, label }],
  });
  await post('/chats/labels', { filter: { search: `ONE ${tests}!` }, labels: [label], action: 'remove' });
  expect(await seen(bo)).toEqual([]);
});

test('everyone who sees a chat is shown with the reason, admins first and locked', async () => {
  const until = '2026-04-01T00:00:00.000Z';
  await post('/chats/access', { chatIds: [one.id], agents: [boEmail], action: 'add', until });
  const answer = await desk.ask('GET', `/api/v1/chats/${one.id}/access`);
  expect(answer.body).toEqual({
    items: [
      {
        agentId: admin,
        email: 'admin@acme.com',
        name: null,
        role: 'admin',
        locked: true,
        because: [{ kind: 'admin' }],
      },
      {
        agentId: bo,
        email: boEmail,
        name: null,
        role: 'member',
        locked: false,
        because: [{ kind: 'grant', by: 'ADMIN_API_TOKEN', at: desk.clock.now().toISOString(), until }],
      },
    ],
    nextCursor: null,
  });
});

test('a grant is over when its time is', async () => {
  const until = new Date(desk.clock.now().getTime() + 60 * 60_000).toISOString();
  await post('/chats/access', { chatIds: [one.id], agents: [boEmail], action: 'add', until });
  expect(await seen(bo)).toEqual([one.id]);
  await desk.clock.advance(60 * 60_000);
  expect(await seen(bo)).toEqual([]);
});

const wrongChanges: readonly (readonly [string, string, Readonly<Record<string, unknown>>, readonly string[]])[] = [
  ['no chats', '/chats/access', { agents: ['bo@acme.com'], action: 'add' }, ['chatIds']],
  ['both ways to choose', '/chats/access', { chatIds: ['x'], filter: {}, agents: ['b'], action: 'add' }, ['filter']],
  [
    'ids that are none',
    '/chats/access',
    { chatIds: ['x', 'y'], agents: ['b'], action: 'add' },
    ['chatIds.0', 'chatIds.1'],
  ],
  ['no agents', '/chats/access', { filter: {}, agents: [], action: 'add' }, ['agents']],
  ['another action', '/chats/access', { filter: {}, agents: ['b'], action: 'toggle' }, ['action']],
  [
    'an end that is over',
    '/chats/access',
    { filter: {}, agents: ['bo@acme.com'], action: 'add', until: '2026-02-01T00:00:00Z' },
    ['until'],
  ],
  [
    'an end of a removal',
    '/chats/access',
    { filter: {}, agents: ['b'], action: 'remove', until: '2027-02-01T00:00:00Z' },
    ['until'],
  ],
  [
    'an unknown filter',
    '/chats/labels',
    { filter: { colour: 'red' }, labels: ['x'], action: 'add' },
    ['filter.colour'],
  ],
  ['no labels', '/chats/labels', { filter: {}, labels: [], action: 'add' }, ['labels']],
  ['a preview of nothing', '/access/preview', { change: { kind: 'grant', agents: ['b'] } }, ['change.chatIds']],
  ['a preview of something else', '/access/preview', { change: { kind: 'wish' } }, ['change.kind']],
];
test.each(wrongChanges)('a change with %s is refused by name', async (_what, path, body, paths) => {
  const answer = await post(path, body);
  expect([refusalOf(answer), pathsOf(answer)]).toEqual([400, paths]);
});

test('a chat that is not there is refused by its id, the others are changed', async () => {
  const missing = '018f0000-0000-7000-8000-000000000000';
  const answer = await post('/chats/access', { chatIds: [one.id, missing], agents: [boEmail], action: 'add' });
  expect(answer.body).toMatchObject({ changed: 1, refused: [{ agent: null, chatId: missing }] });
});

test('a preview says exactly what the change then does, and does nothing', async () => {
  await post('/labels', { name: label });
  await desk.ask('PATCH', `/api/v1/agents/${bo}`, { body: { labels: [label] } });
  const change = { kind: 'label', filter: { search: ` ${tests}!` }, labels: [label] };
  const preview = await post('/access/preview', { change });
  const gained = [one.id, two.id].sort().map((chatId) => ({ agent: boEmail, chatId }));
  expect(preview.body).toEqual({ gained, lost: [], refused: [] });
  expect(await seen(bo)).toEqual([]);
  await post('/chats/labels', { filter: { search: ` ${tests}!` }, labels: [label], action: 'add' });
  expect(await seen(bo)).toEqual([two.id, one.id]);
  const lost = await post('/access/preview', { change: { kind: 'deactivate', agents: [boEmail] } });
  expect(lost.body).toEqual({ gained: [], lost: gained, refused: [] });
});

test('it is explained why somebody sees a chat, or does not', async () => {
  const ask = (agent: string, chat: string): Promise<Asked> =>
    desk.ask('GET', `/api/v1/access/explain?agent=${agent}&chat=${chat}`);
  expect((await ask('admin@acme.com', one.id)).body).toEqual({ allowed: true, because: [{ kind: 'admin' }] });
  expect((await ask(boEmail, one.id)).body).toEqual({
    allowed: false,
    why: expect.stringContaining(boEmail),
  });
  expect(refusalOf(await ask(boEmail, 'nonsense'))).toBe(404);
  expect(pathsOf(await desk.ask('GET', '/api/v1/access/explain'))).toEqual(['agent', 'chat']);
});

test('labels are made, renamed, counted and deleted, and with them goes what they gave', async () => {
  const made = await post('/labels', { name: ` ${label} ` });
  const id = idOf(made);
  expect([made.status, made.body]).toEqual([
    201,
    { id, name: label, color: expect.stringMatching(/^#[0-9a-f]{6}$/), chatCount: 0, agentCount: 0 },
  ]);
  await post('/chats/labels', { chatIds: [one.id], labels: [label], action: 'add' });
  await desk.ask('PATCH', `/api/v1/agents/${bo}`, { body: { labels: [label.toLowerCase()] } });
  const renamed = await desk.ask('PATCH', `/api/v1/labels/${id}`, {
    body: { name: `Gold ${tests}`, color: '#FFD700' },
  });
  expect(renamed.body).toMatchObject({ name: `Gold ${tests}`, chatCount: 1, agentCount: 1 });
  expect(await seen(bo)).toEqual([one.id]);
  expect((await desk.ask('DELETE', `/api/v1/labels/${id}`)).status).toBe(204);
  expect(await seen(bo)).toEqual([]);
  expect(idsOf(await desk.ask('GET', '/api/v1/labels?limit=200'))).not.toContain(id);
  expect(refusalOf(await desk.ask('PATCH', `/api/v1/labels/${id}`, { body: { name: 'x' } }))).toBe(404);
});

const wrongLabels: readonly (readonly [unknown, string])[] = [
  [{ name: '' }, 'name'],
  [{ name: 'a,b' }, 'name'],
  [{ name: 'taken' }, 'name'],
  [{ name: 'x', color: 'red' }, 'color'],
  [{ name: 'x\0' }, 'name'],
  [{}, 'name'],
];
test.each(wrongLabels)('the label %j is refused by name', async (body, path) => {
  await post('/labels', { name: 'Taken' });
  const answer = await post('/labels', body);
  expect([refusalOf(answer), pathsOf(answer)]).toEqual([400, [path]]);
});

test('people are invited by their emails, each answered by itself', async () => {
  const answer = await post('/agents/invitations', {
    emails: `new@acme.com, ${boEmail}, not-an-email`,
    role: 'member',
    chatIds: [one.id],
  });
  expect(answer.status).toBe(201);
  expect(answer.body).toEqual({
    invited: [
      {
        email: 'new@acme.com',
        agentId: expect.any(String),
        link: expect.stringMatching(/^https:\/\/inbox\.acme\.com\/invitation\/.{40,}/),
        mailed: false,
        workspaceIds: [],
      },
    ],
    refused: [
      { email: boEmail, reason: expect.any(String) },
      { email: 'not-an-email', reason: expect.any(String) },
    ],
  });
  const agents = itemsOf(await desk.ask('GET', '/api/v1/agents?limit=200'));
  expect(agents.find((agent) => agent['email'] === 'new@acme.com')).toMatchObject({
    status: 'invited',
    role: 'member',
  });
});

test('a repeated invitation under one key gives the same link', async () => {
  const headers = { 'idempotency-key': 'invite-1' };
  const body = { emails: 'repeated@acme.com', role: 'member' };
  const ask = (): Promise<Asked> => desk.ask('POST', '/api/v1/agents/invitations', { body, headers });
  const first = await ask();
  expect((await ask()).text).toBe(first.text);
  expect(first.text).toContain('/invitation/');
});

const wrongInvitations: readonly (readonly [string, Readonly<Record<string, unknown>>, readonly string[]])[] = [
  ['labels for an admin', { emails: 'x@acme.com', role: 'admin', labels: ['VIP'] }, ['labels', 'labels']],
  ['chats that are none', { emails: 'x@acme.com', role: 'member', chatIds: ['x'] }, ['chatIds']],
  ['no emails', { emails: ' , ', role: 'member' }, ['emails']],
  ['another role', { emails: 'x@acme.com', role: 'owner' }, ['role']],
];
test.each(wrongInvitations)('an invitation with %s is refused by name', async (_what, body, paths) => {
  const answer = await post('/agents/invitations', body);
  expect([refusalOf(answer), pathsOf(answer)]).toEqual([400, paths]);
  const agents = itemsOf(await desk.ask('GET', '/api/v1/agents?limit=200'));
  expect(agents.filter((agent) => agent['email'] === 'x@acme.com')).toEqual([]);
});

test('an invitation that was not answered gets a new link, once', async () => {
  const invited = await post('/agents/invitations', { emails: 'late@acme.com', role: 'member' });
  const { agentId, link } = (invited.body as { invited: [{ agentId: string; link: string }] }).invited[0];
  const renewed = await post(`/agents/${agentId}/invitation`, {});
  expect([renewed.status, renewed.body]).toEqual([201, { link: expect.not.stringMatching(link), mailed: false }]);
  expect(refusalOf(await post(`/agents/${bo}/invitation`, {}))).toBe(409);
});

test('an agent is changed in all that was asked, or in nothing', async () => {
  const change = (body: unknown, id: string = bo): Promise<Asked> =>
    desk.ask('PATCH', `/api/v1/agents/${id}`, { body });
  await post('/labels', { name: label });
  expect((await change({ labels: [label] })).body).toMatchObject({ labels: [label], role: 'member' });
  const half = await change({ role: 'admin', labels: [label] });
  expect([refusalOf(half), pathsOf(half)]).toEqual([400, ['labels']]);
  expect(pathsOf(await change({ role: 'admin', labels: ['unknown'] }))).toContain('labels');
  const agents = itemsOf(await desk.ask('GET', '/api/v1/agents?limit=200'));
  expect(agents.find((agent) => agent['id'] === bo)).toMatchObject({ role: 'member', labels: [label] });
  expect((await change({ active: false })).body).toMatchObject({ status: 'deactivated' });
  expect((await change({ active: true, role: 'admin' })).body).toMatchObject({ status: 'active', role: 'admin' });
  expect((await change({ role: 'member' })).body).toMatchObject({ role: 'member' });
  expect(refusalOf(await change({}))).toBe(400);
  expect(refusalOf(await change({ active: false }, 'nonsense'))).toBe(404);
});

test('the last admin stays', async () => {
  for (const body of [{ role: 'member' }, { active: false }]) {
    const answer = await desk.ask('PATCH', `/api/v1/agents/${admin}`, { body });
    expect([refusalOf(answer), detailOf(answer)]).toEqual([409, expect.stringContaining('last admin')]);
  }
});

test('phone numbers are masked for members where the setting says so', async () => {
  const unnamed = await seedChat(desk.store, account, { name: '+351 912 345 678', phone: '+351912345678' });
  await seedMessage(desk.store, unnamed);
  await post('/chats/access', { chatIds: [unnamed.id], agents: [boEmail], action: 'add' });
  await desk.store.read.settings.set('maskPhones', true, new Date());
  const chat = await desk.ask('GET', `/api/v1/chats/${unnamed.id}`, { as: bo });
  const messages = await desk.ask('GET', `/api/v1/chats/${unnamed.id}/messages`, { as: bo });
  // Three digits alone may stand in any id.
  expect((chat.text + messages.text).match(/912.?345/)).toBeNull();
  expect((await desk.ask('GET', `/api/v1/chats/${unnamed.id}`)).text).toContain('+351912345678');
  await desk.store.read.settings.set('maskPhones', false, new Date());
});

test('every change is in the audit log with who made it', async () => {
  await desk.ask('POST', '/api/v1/chats/access', {
    as: admin,
    body: { chatIds: [one.id], agents: [boEmail], action: 'add' },
  });
  const [entry] = itemsOf(await desk.ask('GET', `/api/v1/audit?chat=${one.id}&agent=${boEmail}`));
  expect(entry).toMatchObject({ actor: { kind: 'agent', email: 'admin@acme.com' }, source: 'web', chatId: one.id });
});
