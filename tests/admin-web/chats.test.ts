// /chats: who sees which, in what order, by which filter, and who waits for an answer.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AgentId, ChannelId } from '../../src/domain/ids.ts';
import type { Account } from '../../src/store/account.ts';
import type { Chat } from '../../src/store/chat.ts';
import type { Workspace } from '../../src/store/workspace.ts';
import { idsOf, itemsOf, openDesk, pathsOf, readAll, refusalOf, seedAccount, seedChat, seedMessage } from './desk.ts';
import type { Desk } from './desk.ts';

let desk: Desk;
let support: Account;
let sales: Account;
let slack: Workspace;
let chats: Readonly<Record<'ana' | 'bruno' | 'team' | 'quiet' | 'colleague', Chat>>;
let member: AgentId;
beforeAll(async () => {
  desk = await openDesk();
  const { store } = desk;
  support = await seedAccount(store, 'Support');
  sales = await seedAccount(store, 'Sales');
  slack = await store.read.workspaces.fromEnvironment('slack', new Date());
  const at = (time: string): Date => new Date(`2026-03-01T${time}Z`);
  chats = {
    ana: await seedChat(store, support, { name: 'Ana 100%', phone: '+351912345678', lastMessageAt: at('11:00:00') }),
    bruno: await seedChat(store, support, { name: 'Bruno', phone: '+5511987654321', lastMessageAt: at('10:00:00') }),
    team: await seedChat(store, sales, { name: 'Big team', kind: 'group', lastMessageAt: at('12:00:00') }),
    quiet: await seedChat(store, sales, { name: 'Quiet' }),
    colleague: await seedChat(store, support, { name: 'Colleague', lastMessageAt: at('09:00:00'), internal: true }),
  };
  const said = { sentAt: at('10:30:00') };
  await seedMessage(store, chats.ana, { sentAt: at('10:00:00') });
  await seedMessage(store, chats.ana, { source: 'phone', sentAt: at('10:15:00') });
  await seedMessage(store, chats.ana, said);
  await seedMessage(store, chats.ana, { sentAt: at('10:40:00') });
  await seedMessage(store, chats.bruno, said);
  await seedMessage(store, chats.bruno, { source: 'web', state: 'sent', sentAt: at('10:45:00') });
  await seedMessage(store, chats.team, said);
  await seedMessage(store, chats.team, { source: 'web', note: true, sentAt: at('10:45:00') });
  await seedMessage(store, chats.team, { source: 'web', state: 'failed', sentAt: at('10:46:00') });
  await seedMessage(store, chats.team, { source: 'automation', state: 'sent', sentAt: at('10:47:00') });
  await seedMessage(store, chats.colleague, said);
  const mirror = await store.read.mirrors.ensure(chats.ana.id, slack.id, new Date());
  const channel = { channelId: 'C1' as ChannelId, channelName: 'wa-ana', url: null };
  await store.read.mirrors.opened(mirror.id, channel, new Date());
  const vip = await store.read.labels.create({ name: 'VIP', color: '#ff0000' }, new Date());
  await store.read.labels.put(vip.id, [chats.ana.id, chats.team.id], new Date());
  member = await desk.agent('member@acme.com', 'member', [chats.ana, chats.quiet]);
});
afterAll(() => desk.close());

test('a chat is shown with its labels, its channels and who waits since when', async () => {
  const { body } = await desk.ask('GET', `/api/v1/chats/${chats.ana.id}`);
  expect(body).toEqual({
    id: chats.ana.id,
    accountId: support.id,
    kind: 'direct',
    name: 'Ana 100%',
    phone: '+351912345678',
    labels: ['VIP'],
    mode: 'thread',
    internal: false,
    mirrors: [{ workspaceId: slack.id, channelId: 'C1', channelName: 'wa-ana', state: 'open', url: null }],
    lastMessageAt: '2026-03-01T11:00:00.000Z',
    waitingSince: '2026-03-01T10:30:00.000Z',
  });
});

test('the newest message comes first, chats without any come last', async () => {
  const { ana, bruno, team, quiet, colleague } = chats;
  const all = [team, ana, bruno, colleague, quiet].map((chat) => chat.id);
  expect(idsOf(await desk.ask('GET', '/api/v1/chats'))).toEqual(all);
  for (const limit of [1, 2, 3]) expect(await readAll(desk, `/api/v1/chats?limit=${limit}`)).toEqual(all);
});

const filters: readonly (readonly [string, readonly (keyof typeof chats)[]])[] = [
  ['search=bru', ['bruno']],
  ['search=BIG', ['team']],
  ['search=%25', ['ana']],
  ['search=100%25', ['ana']],
  ['search=_', []],
  ['search=91 234', ['ana']],
  ['search=%2B5511', ['bruno']],
  ["search=' or 1=1--", []],
  ['label=vip', ['team', 'ana']],
  ['label=nobody', []],
  ['kind=group', ['team']],
  ['waiting=true', ['team', 'ana']],
  ['waiting=false', ['bruno', 'colleague', 'quiet']],
  ['account=nonsense', []],
  ['workspace=nonsense', []],
  ['kind=direct&waiting=true', ['ana']],
];
test.each(filters)('?%s finds what it should', async (query, names) => {
  const answer = await desk.ask('GET', `/api/v1/chats?${query.replaceAll(' ', '%20')}`);
  expect(idsOf(answer)).toEqual(names.map((name) => chats[name].id));
});

test('chats are found by account and by workspace', async () => {
  expect(idsOf(await desk.ask('GET', `/api/v1/chats?account=${sales.id}`))).toEqual([chats.team.id, chats.quiet.id]);
  expect(idsOf(await desk.ask('GET', `/api/v1/chats?workspace=${slack.id}`))).toEqual([chats.ana.id]);
});

test('a member finds only what is theirs, by whatever filter', async () => {
  expect(await readAll(desk, '/api/v1/chats?limit=1', { as: member })).toEqual([chats.ana.id, chats.quiet.id]);
  expect(itemsOf(await desk.ask('GET', '/api/v1/chats?label=vip', { as: member }))).toHaveLength(1);
  expect(itemsOf(await desk.ask('GET', '/api/v1/chats?search=bruno', { as: member }))).toEqual([]);
});

test('what is taken away is gone with the next request', async () => {
  const other = await desk.agent('other@acme.com', 'member', [chats.bruno]);
  expect((await desk.ask('GET', `/api/v1/chats/${chats.bruno.id}`, { as: other })).status).toBe(200);
  await desk.revoke('other@acme.com', chats.bruno);
  expect((await desk.ask('GET', `/api/v1/chats/${chats.bruno.id}`, { as: other })).status).toBe(404);
});

const wrongFilters = ['kind=broadcast', 'waiting=maybe', 'search=%00', 'cursor=WyJ4IiwieSJd'];
test.each(wrongFilters)('?%s is refused by name', async (query) => {
  const answer = await desk.ask('GET', `/api/v1/chats?${query}`);
  expect(refusalOf(answer)).toBe(400);
  expect(pathsOf(answer)).toEqual([query.split('=')[0]]);
});

test('an admin chooses how replies are sent, and it is audited', async () => {
  const { id } = chats.quiet;
  const changed = await desk.ask('PATCH', `/api/v1/chats/${id}`, { body: { mode: 'off' } });
  expect(changed.body).toMatchObject({ id, mode: 'off' });
  const audit = await desk.ask('GET', `/api/v1/audit?chat=${id}&action=chat.mode`);
  expect(itemsOf(audit)).toMatchObject([{ action: 'chat.mode', detail: { from: 'thread', to: 'off' }, chatId: id }]);
  expect(refusalOf(await desk.ask('PATCH', `/api/v1/chats/${id}`, { body: { mode: 'loud' } }))).toBe(400);
});

test('who turns out to be a colleague waits for nobody; taken back, they wait again', async () => {
  const { id } = chats.ana;
  const marked = await desk.ask('PATCH', `/api/v1/chats/${id}`, { body: { internal: true } });
  expect(marked.body).toMatchObject({ id, internal: true, waitingSince: null });
  await desk.ask('PATCH', `/api/v1/chats/${id}`, { body: { internal: true } });
  const audit = await desk.ask('GET', `/api/v1/audit?chat=${id}&action=contact.internal`);
  expect(itemsOf(audit)).toMatchObject([{ detail: { internal: true } }]);
  const back = await desk.ask('PATCH', `/api/v1/chats/${id}`, { body: { internal: false } });
  expect(back.body).toMatchObject({ internal: false, waitingSince: '2026-03-01T10:30:00.000Z' });
  expect(pathsOf(await desk.ask('PATCH', `/api/v1/chats/${chats.team.id}`, { body: { internal: true } }))).toEqual([
    'internal',
  ]);
});
