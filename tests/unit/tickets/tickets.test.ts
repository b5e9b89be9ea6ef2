// Tickets over a real database: two at once, the audit log, opening by themselves, coming back, offboarding.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { AgentId, ChatId, MessageId } from '../../../src/domain/ids.ts';
import type { Ticket } from '../../../src/domain/ticket.ts';
import { fakeClock } from '../../../src/runtime/time.ts';
import type { By } from '../../../src/store/audit.ts';
import { Tickets, type TicketResult } from '../../../src/tickets/tickets.ts';
import { History } from '../metrics/history.ts';

let history: History;
let ana: AgentId;
let ben: AgentId;
let outsider: AgentId;
let chat: ChatId;
let tickets: Tickets;
let shown: Ticket[];
const clock = fakeClock('2026-11-24T09:00:00Z');
const as = (agentId: AgentId): By => ({ actor: { kind: 'agent', agentId }, source: 'web' });
const minutes = (count: number): Date => new Date(clock.now().getTime() + count * 60_000);

beforeAll(async () => {
  history = await History.open();
  [ana, ben, outsider] = [await history.agent('ana'), await history.agent('ben'), await history.agent('out')];
});
afterAll(() => history.close());
beforeEach(async () => {
  chat = await history.chat('Mia');
  shown = [];
  await history.store.read.settings.set('tickets', {}, clock.now());
  tickets = new Tickets({
    store: history.store,
    clock,
    refusal: async (_, agentId) => (agentId === outsider ? 'You don’t see this chat.' : undefined),
    showCard: async (_, ticket) => {
      shown.push(ticket);
    },
  });
});

const opened = (result: TicketResult | undefined): Ticket => {
  if (result === undefined || 'refused' in result) throw new Error(result?.refused ?? 'nothing was done');
  return result.ticket;
};
const open = async (assigneeId?: AgentId): Promise<Ticket> =>
  opened(await tickets.open({ chatId: chat, assigneeId }, as(ana)));
const stored = (ticket: Ticket): Promise<Ticket | undefined> => history.store.read.tickets.find(ticket.id);
const customerSays = async (at: Date, isInternal = false): Promise<MessageId> => {
  const id = await history.said({ chat, at, isInternal });
  await history.store.transaction(async (tx) => {
    const message = await tx.messages.find(id);
    if (message !== undefined) await tickets.customerSaid(tx, message);
  });
  return id;
};
const ofChat = () => history.store.read.tickets.list({ scope: 'all', chatId: chat }, { limit: 50 });
const actions = async (): Promise<string[]> =>
  (await history.store.read.audit.list({ chatId: chat, limit: 50 })).map(({ action }) => action).toReversed();

test('of two who take it at once one has it, and the other is told who', async () => {
  const ticket = await open();
  const results = await Promise.all([tickets.take(ticket.id, ana, as(ana)), tickets.take(ticket.id, ben, as(ben))]);
  const holder = (await stored(ticket))?.assigneeId;
  expect([ana, ben]).toContain(holder);
  const refused = results.filter((result) => 'refused' in result);
  expect(refused).toHaveLength(1);
  expect(refused[0]).toMatchObject({
    why: 'conflict',
    refused: expect.stringContaining(holder === ana ? 'ana@acme.com' : 'ben@acme.com'),
  });
  expect(await actions()).toEqual(['ticket open', 'ticket take']);
  expect(shown.map(({ status }) => status)).toEqual(['open', 'in_progress']);
});

test('the same message opened by many at once is one ticket; different ones get numbers of their own', async () => {
  const messageId = await history.said({ chat, at: clock.now() });
  const same = await Promise.all([1, 2, 3, 4].map(() => tickets.open({ chatId: chat, messageId }, as(ana))));
  expect(new Set(same.map((result) => opened(result).id)).size).toBe(1);
  const others = await Promise.all(
    [1, 2, 3, 4, 5].map(async () => tickets.open({ chatId: await history.chat('x') }, as(ana))),
  );
  const numbers = others.map((result) => opened(result).number).sort((a, b) => a - b);
  expect(new Set(numbers).size).toBe(5);
  expect((numbers[4] ?? 0) - (numbers[0] ?? 0)).toBe(4);
});

test('closing twice is one change, one row in the audit log and one card', async () => {
  const ticket = await open();
  const results = await Promise.all([tickets.close(ticket.id, as(ana)), tickets.close(ticket.id, as(ben))]);
  expect(results.filter((result) => 'isSame' in result && result.isSame)).toHaveLength(1);
  expect(await actions()).toEqual(['ticket open', 'ticket close']);
  expect(shown).toHaveLength(2);
});

test('who doesn’t see the chat can do nothing, and nothing becomes theirs', async () => {
  const ticket = await open();
  expect(await tickets.close(ticket.id, as(outsider))).toMatchObject({ why: 'not_allowed' });
  expect(await tickets.open({ chatId: chat }, as(outsider))).toMatchObject({ why: 'not_allowed' });
  expect(await tickets.assign(ticket.id, outsider, as(ana))).toMatchObject({ why: 'conflict' });
  expect(await stored(ticket)).toMatchObject({ status: 'open', assigneeId: null });
  expect(await actions()).toEqual(['ticket open']);
});

test('several changes are all done or none', async () => {
  const ticket = await open();
  const done = await tickets.change(ticket.id, { status: 'in_progress', assigneeId: ben, priority: 'high' }, as(ana));
  expect(opened(done)).toMatchObject({ status: 'in_progress', assigneeId: ben, priority: 'high' });
  await tickets.close(ticket.id, as(ana));
  expect(await tickets.change(ticket.id, { priority: 'low', assigneeId: ana }, as(ana))).toMatchObject({
    why: 'conflict',
  });
  expect(await stored(ticket)).toMatchObject({ status: 'closed', priority: 'high', assigneeId: ben });
  const again = await tickets.change(ticket.id, { status: 'in_progress', assigneeId: ana }, as(ana));
  expect(opened(again)).toMatchObject({ status: 'in_progress', assigneeId: ana, closedAt: null });
});

test('a chat with a label that asks for it gets one ticket, not one a message', async () => {
  const label = await history.store.read.labels.create({ name: `VIP ${chat}`, color: '#ff0000' }, clock.now());
  await history.store.read.labels.put(label.id, [chat], clock.now());
  await history.store.read.settings.set('tickets', { opensFor: [label.id], graceHours: 1 }, clock.now());
  await customerSays(minutes(0), true);
  expect(await ofChat()).toEqual([]);
  const messageId = await customerSays(minutes(1));
  await customerSays(minutes(2));
  const [ticket, more] = await ofChat();
  expect(more).toBeUndefined();
  expect(ticket).toMatchObject({ messageId, status: 'open' });
  if (ticket === undefined) throw new Error('no ticket');
  await tickets.close(ticket.id, as(ana));
  await customerSays(minutes(-5));
  expect((await ofChat()).map(({ status }) => status)).toEqual(['closed']);
  await customerSays(minutes(60));
  expect((await ofChat()).map(({ status }) => status)).toEqual(['open']);
  await tickets.close(ticket.id, as(ana));
  await customerSays(minutes(61));
  expect((await ofChat()).map(({ status }) => status)).toEqual(['open', 'closed']);
});

test('who leaves the team leaves their unresolved tickets to the others', async () => {
  const [one, done, other] = [await open(ben), await open(ben), await open(ana)];
  await tickets.take(one.id, ben, as(ben));
  await tickets.close(done.id, as(ben));
  await history.store.transaction((tx) =>
    tickets.releaseOf(tx, ben, { kind: 'agent', agentId: ana, source: 'web' }, clock.now()),
  );
  expect(await stored(one)).toMatchObject({ status: 'open', assigneeId: null });
  expect(await stored(done)).toMatchObject({ status: 'closed', assigneeId: ben });
  expect(await stored(other)).toMatchObject({ status: 'open', assigneeId: ana });
  expect((await actions()).at(-1)).toBe('ticket release');
});

test('emoji open on a message, take and close what was opened there, and leave other emoji alone', async () => {
  const messageId = await history.said({ chat, at: clock.now() });
  const react = (emoji: string, agentId: AgentId) =>
    history.store.transaction((tx) => tickets.reacted(tx, { chatId: chat, messageId }, emoji, agentId, as(agentId)));
  expect(await react('👍', ana)).toBeUndefined();
  expect(await react('👀', ana)).toMatchObject({ why: 'conflict' });
  const ticket = opened(await react('🎫', ana));
  expect(opened(await react('👀', ben))).toMatchObject({ id: ticket.id, assigneeId: ben, status: 'in_progress' });
  expect(opened(await react('✅', ben))).toMatchObject({ id: ticket.id, status: 'closed' });
});

test('a card’s button does what it says, and the card shows how it stands then', async () => {
  const ticket = await open();
  const [take] = (await tickets.card(ticket.id))?.buttons ?? [];
  expect(opened(await tickets.pressed(take?.action ?? '', ben, as(ben)))).toMatchObject({ assigneeId: ben });
  expect((await tickets.card(ticket.id))?.lines).toEqual(['in progress · ben@acme.com']);
  expect(await tickets.pressed('resend:1', ben, as(ben))).toBeUndefined();
});

test('what was open at a moment is told from the steps, also long afterwards', async () => {
  const counts = (at: Date, from = at) =>
    history.store.read.figures.tickets({ from, to: at, scope: new Set([chat]) }, at);
  const start = minutes(0);
  const ticket = await open();
  await clock.advance(60_000);
  const afterOpening = clock.now();
  await clock.advance(60_000);
  await tickets.take(ticket.id, ana, as(ana));
  await clock.advance(60_000);
  const whileWorking = clock.now();
  await tickets.close(ticket.id, as(ana));
  await tickets.reopen(ticket.id, as(ana));
  await tickets.close(ticket.id, as(ana));
  await clock.advance(60_000);
  expect(await counts(afterOpening, start)).toEqual({ open: 1, inProgress: 0, opened: 1, closed: 0 });
  expect(await counts(whileWorking, afterOpening)).toEqual({ open: 0, inProgress: 1, opened: 0, closed: 0 });
  expect(await counts(clock.now(), start)).toEqual({ open: 0, inProgress: 0, opened: 1, closed: 1 });
});
