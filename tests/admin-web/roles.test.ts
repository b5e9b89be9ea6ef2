// Every route by every role: what isn't said to be a member's is an admin's, and others' chats are not there.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { apiRoutes } from '../../src/admin-web/server/app.ts';
import type { Route } from '../../src/admin-web/server/route.ts';
import type { AgentId, ChatId } from '../../src/domain/ids.ts';
import { idOf, openDesk, seedAccount, seedChat } from './desk.ts';
import type { Desk } from './desk.ts';

/** All that members may use, by the API's own words. */
const MEMBERS_ROUTES = [
  'get /me',
  'get /chats',
  'get /chats/:id',
  'get /chats/:id/messages',
  'post /chats/:id/messages',
  'get /tickets',
  'post /tickets',
  'patch /tickets/:id',
  'get /metrics/summary',
  'get /metrics/series',
  'get /metrics/replies',
  'get /metrics/first-responses',
  'get /metrics/unanswered',
];

const NOWHERE = '018f0000-0000-7000-8000-000000000000';

let desk: Desk;
let member: AgentId;
let foreign: ChatId;
let own: ChatId;
/** A Ticket on each Chat. */
const tickets = new Map<ChatId, string>();
beforeAll(async () => {
  desk = await openDesk();
  const account = await seedAccount(desk.store);
  foreign = (await seedChat(desk.store, account, { name: 'Foreign' })).id;
  const mine = await seedChat(desk.store, account, { name: 'Own' });
  own = mine.id;
  member = await desk.agent('member@acme.com', 'member', [mine]);
  for (const chatId of [own, foreign]) {
    tickets.set(chatId, idOf(await desk.ask('POST', '/api/v1/tickets', { body: { chatId } })));
  }
});
afterAll(() => desk.close());

const nameOf = ({ method, path }: Route): string => `${method} ${path}`;
/** Of a Chat, or of its Ticket. */
const addressOf = ({ path }: Route, chat: ChatId | typeof NOWHERE): string => {
  const id = path.startsWith('/tickets') ? (tickets.get(chat as ChatId) ?? NOWHERE) : chat;
  return `/api/v1${path.replaceAll(/:\w+/g, id)}`;
};
const bodyOf = ({ method, path }: Route): { body?: unknown } => {
  if (method === 'get' || method === 'delete') return {};
  if (path === '/tickets') return { body: { chatId: own } };
  return { body: path === '/chats/:id/messages' ? { text: 'hello' } : {} };
};
const routes = apiRoutes.map((route) => [nameOf(route), route] as const);

test.each(routes)('%s is closed to strangers', async (_name, route) => {
  const answer = await desk.ask(route.method, addressOf(route, foreign), { as: 'nobody', ...bodyOf(route) });
  expect(answer.status).toBe(401);
});

test.each(routes)('%s is open to a member only if it is said to be', async (name, route) => {
  const answer = await desk.ask(route.method, addressOf(route, own), { as: member, ...bodyOf(route) });
  const isRefused = answer.status === 403;
  expect([isRefused, answer.status < 300]).toEqual(MEMBERS_ROUTES.includes(name) ? [false, true] : [true, false]);
});

test('the list of routes for members names routes that are there', () => {
  expect(MEMBERS_ROUTES.filter((name) => !routes.some(([known]) => known === name))).toEqual([]);
});

const chatRoutes = routes.filter(([name]) => MEMBERS_ROUTES.includes(name) && name.includes(':id'));
test.each(chatRoutes)("%s of somebody else's chat is not there, for a member", async (_name, route) => {
  const hidden = await desk.ask(route.method, addressOf(route, foreign), { as: member, ...bodyOf(route) });
  const missing = await desk.ask(route.method, addressOf(route, NOWHERE), {
    as: member,
    ...bodyOf(route),
  });
  expect(hidden.status).toBe(404);
  expect([missing.status, missing.text]).toEqual([hidden.status, hidden.text]);
});

test.each(routes)('%s opens nothing to an agent who was taken out a moment ago', async (_name, route) => {
  const gone = await desk.agent(`gone-${Math.random()}@acme.com`, 'admin');
  await desk.store.query(`update agent set status = 'deactivated' where id = $1`, [gone]);
  expect((await desk.ask(route.method, addressOf(route, own), { as: gone, ...bodyOf(route) })).status).toBe(401);
});
