// /tickets: the pieces of work on the Chats somebody sees; opened and changed by the same rules as in the channels.
import { z } from 'zod';
import type { AgentId, ChatId, MessageId } from '../../../domain/ids.ts';
import type { Ticket, TicketId } from '../../../domain/ticket.ts';
import type { TicketFilter } from '../../../store/ticket.ts';
import { badInput, notFound, Problem } from '../errors.ts';
import type { TicketsFacade, Viewer, WebParts } from '../parts.ts';
import { asRowId, commaList, iso, listOf, pageOf, pageQuery, readCursor, route, text, time } from '../route.ts';
import { scopeOf, visibleChat } from '../scope.ts';

type Result = Awaited<ReturnType<TicketsFacade['open']>>;

const statuses = ['open', 'in_progress', 'closed'] as const;
const priorities = ['low', 'normal', 'high', 'urgent'] as const;

const ticket = z.strictObject({
  id: z.string(),
  number: z.int(),
  chatId: z.string(),
  messageId: z.string().nullable(),
  subject: z.string(),
  status: z.enum(statuses),
  assignee: z.string().nullable(),
  priority: z.enum(priorities),
  dueAt: time.nullable(),
  openedAt: time,
  closedAt: time.nullable(),
});

/** The words of the ticket filter that mean nobody; no email is one. */
const NOBODY = 'none';
const LONGEST_SUBJECT = 1000;

const subject = text(LONGEST_SUBJECT).refine((value) => value.trim() !== '', 'must not be empty');
const dueAt = z.iso
  .datetime({ offset: true })
  .transform((at) => new Date(at))
  .nullable();
const email = text(320).nullable();

const showTicket = (row: Ticket, assignee: string | null): z.input<typeof ticket> => ({
  id: row.id,
  number: row.number,
  chatId: row.chatId,
  messageId: row.messageId,
  subject: row.subject,
  status: row.status,
  assignee,
  priority: row.priority,
  dueAt: iso(row.dueAt),
  openedAt: row.openedAt.toISOString(),
  closedAt: iso(row.closedAt),
});

async function show(parts: WebParts, viewer: Viewer, row: Ticket): Promise<z.input<typeof ticket>> {
  const [shown, agent] = await Promise.all([
    parts.access.phonesFor(viewer),
    row.assigneeId === null ? undefined : parts.store.read.agents.find(row.assigneeId),
  ]);
  return showTicket({ ...row, subject: shown(row.subject) }, agent?.email ?? null);
}

/** Null takes it from everybody; an email that isn't of the team is a fault of the request. */
async function assigneeOf({ store }: WebParts, wanted: string | null | undefined): Promise<AgentId | null | undefined> {
  if (wanted === undefined || wanted === null) return wanted;
  const agent = await store.read.agents.byEmail(wanted);
  if (agent === undefined) throw badInput([{ path: 'assignee', message: 'is nobody of the team' }]);
  return agent.id;
}

/** The Ticket as it stands now; throws the refusal. */
function resultOf(result: Result): Ticket {
  if ('ticket' in result) return result.ticket;
  switch (result.why) {
    case 'unknown':
      throw new Problem(404, result.refused);
    case 'not_allowed':
      throw new Problem(403, result.refused);
    case 'conflict':
      throw new Problem(409, result.refused);
  }
}

/** A Ticket on a Chat that the viewer doesn't see is not there. */
async function visibleTicket(parts: WebParts, viewer: Viewer, id: string | undefined): Promise<Ticket> {
  const ticketId = asRowId<TicketId>(id);
  const row = ticketId === undefined ? undefined : await parts.store.read.tickets.find(ticketId);
  const scope = await scopeOf(parts, viewer);
  if (row === undefined || (scope !== 'all' && !scope.has(row.chatId))) throw notFound('ticket');
  return row;
}

/** Undefined: it names what can't be there, so nothing matches. */
async function filterOf(
  parts: WebParts,
  viewer: Viewer,
  wanted: { status?: TicketFilter['statuses']; chat?: string | undefined; assignee?: string | undefined },
): Promise<TicketFilter | undefined> {
  const chatId = asRowId<ChatId>(wanted.chat);
  if (wanted.chat !== undefined && chatId === undefined) return undefined;
  const scope = await scopeOf(parts, viewer);
  const filter = { scope, statuses: wanted.status, chatId };
  if (wanted.assignee === undefined) return filter;
  if (wanted.assignee === NOBODY) return { ...filter, assigneeId: null };
  const assignee = await parts.store.read.agents.byEmail(wanted.assignee);
  return assignee === undefined ? undefined : { ...filter, assigneeId: assignee.id };
}

export const ticketRoutes = [
  route({
    method: 'get',
    path: '/tickets',
    summary: 'Tickets on the chats I see, the newest number first; `assignee` is an email, or `none`',
    who: 'agent',
    query: pageQuery.extend({
      status: commaList(statuses).optional(),
      chat: z.string().optional(),
      assignee: text(320).optional(),
    }),
    response: listOf(ticket),
    handle: async ({ parts, viewer, query }) => {
      const { limit, cursor, ...wanted } = query;
      const filter = await filterOf(parts, viewer, wanted);
      if (filter === undefined) return { items: [], nextCursor: null };
      const before = readCursor(z.int().positive().max(2_147_483_647), cursor);
      const rows = await parts.store.read.tickets.list(filter, { limit: limit + 1, before });
      const shown = await parts.access.phonesFor(viewer);
      return pageOf(
        rows,
        limit,
        (row) => row.number,
        (row) => showTicket({ ...row, subject: shown(row.subject) }, row.assigneeEmail),
      );
    },
  }),
  route({
    method: 'post',
    path: '/tickets',
    summary: 'Open a ticket on a chat; on a message that has one which isn’t closed, that one is the answer',
    who: 'agent',
    body: z.strictObject({
      chatId: z.string(),
      messageId: z.string().optional(),
      subject: subject.optional(),
      assignee: email.optional(),
      priority: z.enum(priorities).optional(),
      dueAt: dueAt.optional(),
    }),
    response: ticket,
    status: 201,
    handle: async ({ parts, viewer, body, by }) => {
      const { id: chatId } = await visibleChat(parts, viewer, body.chatId);
      const messageId = asRowId<MessageId>(body.messageId);
      if (body.messageId !== undefined && messageId === undefined) throw notFound('message');
      const assigneeId = (await assigneeOf(parts, body.assignee)) ?? undefined;
      const { priority } = body;
      const wanted = { chatId, messageId, subject: body.subject, assigneeId, priority, dueAt: body.dueAt };
      return show(parts, viewer, resultOf(await parts.tickets.open(wanted, by)));
    },
  }),
  route({
    method: 'patch',
    path: '/tickets/:id',
    summary: 'Change a ticket: all of what is named, or nothing; `assignee: null` makes it nobody’s',
    who: 'agent',
    body: z.strictObject({
      status: z.enum(statuses).optional(),
      assignee: email.optional(),
      subject: subject.optional(),
      priority: z.enum(priorities).optional(),
      dueAt: dueAt.optional(),
    }),
    response: ticket,
    handle: async ({ parts, viewer, params, body, by }) => {
      const { id } = await visibleTicket(parts, viewer, params['id']);
      const { assignee, ...rest } = body;
      const wanted = { ...rest, assigneeId: await assigneeOf(parts, assignee) };
      return show(parts, viewer, resultOf(await parts.tickets.change(id, wanted, by)));
    },
  }),
];
