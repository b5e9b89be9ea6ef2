// Ticket: a piece of work on a Chat, every step of it, and the cards that show it in channels.
import { defineEntity, p } from '@mikro-orm/postgresql';
import { sql } from 'kysely';
import type { AgentId, ChatId, MessageId, MirrorId, PostId } from '../domain/ids.ts';
import type { Ticket, TicketId, TicketPriority, TicketStatus } from '../domain/ticket.ts';
import { AgentEntity } from './agent.ts';
import { ChatEntity } from './chat.ts';
import { chatLock, newId, type Db } from './db.ts';
import type { LabelId } from './label.ts';
import type { Scope } from './listing.ts';
import { MirrorEntity } from './mirror.ts';

export const TicketEntity = defineEntity({
  name: 'Ticket',
  tableName: 'ticket',
  properties: {
    id: p.uuid().$type<TicketId>().primary(),
    /** What people call it: #128. */
    number: p.integer().unique('ticket_number'),
    chatId: p.manyToOne(ChatEntity).mapToPk(),
    /** The message it was opened on. */
    messageId: p.uuid().$type<MessageId>().nullable().index('ticket_message'),
    subject: p.text(),
    status: p.text().$type<TicketStatus>(),
    assigneeId: p.manyToOne(AgentEntity).mapToPk().nullable().index('ticket_assignee'),
    priority: p.text().$type<TicketPriority>().default('normal'),
    dueAt: p.datetime().nullable(),
    openedAt: p.datetime(),
    closedAt: p.datetime().nullable(),
  },
  indexes: [
    { name: 'ticket_chat', properties: ['chatId', 'number'] },
    {
      name: 'ticket_unresolved',
      expression: `create index "ticket_unresolved" on "ticket" ("number") where "status" <> 'closed'`,
    },
  ],
});

/** One row a change of status or assignee, opening included: what was open at any moment, and whose, can be told from them. */
export const TicketStepEntity = defineEntity({
  name: 'TicketStep',
  tableName: 'ticket_step',
  properties: {
    id: p.bigint('string').primary().autoincrement(),
    ticketId: p.manyToOne(TicketEntity).mapToPk().deleteRule('cascade'),
    at: p.datetime().index('ticket_step_at'),
    /** Null: it was opened. */
    before: p.text().$type<TicketStatus>().nullable(),
    after: p.text().$type<TicketStatus>(),
    /** Whose it was after that. */
    assigneeId: p.uuid().$type<AgentId>().nullable(),
  },
  indexes: [{ name: 'ticket_step_ticket', properties: ['ticketId', 'at', 'id'] }],
});

/** The card of a Ticket in a Mirror's channel. */
export const TicketPostEntity = defineEntity({
  name: 'TicketPost',
  tableName: 'ticket_post',
  properties: {
    ticketId: p.manyToOne(TicketEntity).mapToPk().primary().deleteRule('cascade'),
    mirrorId: p.manyToOne(MirrorEntity).mapToPk().primary().deleteRule('cascade'),
    remoteId: p.text().$type<PostId>(),
    /** Of the Mirror's channels, which one it stands in. */
    generation: p.integer(),
    /** A digest of what it shows: the same again needs no edit. */
    shown: p.text().nullable(),
  },
  indexes: [{ name: 'ticket_post_place', properties: ['mirrorId', 'remoteId'] }],
});

export interface TicketPost {
  readonly ticketId: TicketId;
  readonly mirrorId: MirrorId;
  readonly remoteId: PostId;
  readonly generation: number;
  readonly shown: string | null;
}

export interface ListedTicket extends Ticket {
  readonly assigneeEmail: string | null;
}

/** Absent doesn't filter. */
export interface TicketFilter {
  readonly scope: Scope;
  readonly statuses?: readonly TicketStatus[] | undefined;
  readonly chatId?: ChatId | undefined;
  /** Null: nobody's. */
  readonly assigneeId?: AgentId | null | undefined;
}

const columns = [
  'id',
  'number',
  'chatId',
  'messageId',
  'subject',
  'status',
  'assigneeId',
  'priority',
  'dueAt',
  'openedAt',
  'closedAt',
] as const;

/** Any number that no other program on the database uses for `pg_advisory_xact_lock`. */
const NUMBER_LOCK = 727_003;

export const ticketQueries = (db: Db, held?: Set<ChatId>) => {
  const step = async (ticket: Ticket, before: TicketStatus | null, at: Date): Promise<void> => {
    const { id: ticketId, status: after, assigneeId } = ticket;
    await db.insertInto('ticket_step').values({ ticketId, at, before, after, assigneeId }).execute();
  };
  return {
    find: (id: TicketId): Promise<Ticket | undefined> =>
      db.selectFrom('ticket').select(columns).where('id', '=', id).executeTakeFirst(),
    byNumber: (number: number): Promise<Ticket | undefined> =>
      db.selectFrom('ticket').select(columns).where('number', '=', number).executeTakeFirst(),
    /** Of two who press at once, the second waits here and then sees what the first has done. */
    lock: (id: TicketId): Promise<Ticket | undefined> =>
      db.selectFrom('ticket').select(columns).where('id', '=', id).forUpdate().executeTakeFirst(),
    /** One opening at a time in a Chat, until the transaction ends. */
    lockChat: chatLock(db, held),
    insert: async (ticket: Omit<Ticket, 'id' | 'number' | 'closedAt'>): Promise<Ticket> => {
      await sql`select pg_advisory_xact_lock(${NUMBER_LOCK})`.execute(db);
      const row: Ticket = await db
        .insertInto('ticket')
        .values({
          ...ticket,
          id: newId<TicketId>(ticket.openedAt.getTime()),
          number: sql<number>`(select coalesce(max(number), 0) + 1 from ticket)`,
        })
        .returning(columns)
        .executeTakeFirstOrThrow();
      await step(row, null, row.openedAt);
      return row;
    },
    /** Writes the whole of it; `before` is how it stood. The caller holds its lock. */
    update: async (before: Ticket, after: Ticket, at: Date): Promise<void> => {
      const { subject, status, assigneeId, priority, dueAt, closedAt } = after;
      await db
        .updateTable('ticket')
        .set({ subject, status, assigneeId, priority, dueAt, closedAt })
        .where('id', '=', after.id)
        .execute();
      if (before.status !== status || before.assigneeId !== assigneeId) await step(after, before.status, at);
    },
    /** The Ticket that was opened on this message: an unresolved one first, then the newest. */
    ofMessage: (messageId: MessageId): Promise<Ticket | undefined> =>
      db
        .selectFrom('ticket')
        .select(columns)
        .where('messageId', '=', messageId)
        .orderBy(sql`status = 'closed'`)
        .orderBy('number', 'desc')
        .limit(1)
        .executeTakeFirst(),
    unresolvedOf: (chatId: ChatId): Promise<Ticket[]> =>
      db
        .selectFrom('ticket')
        .select(columns)
        .where('chatId', '=', chatId)
        .where('status', '<>', 'closed')
        .orderBy('number')
        .execute(),
    /** Locked until the transaction ends. */
    lastClosedOf: (chatId: ChatId): Promise<Ticket | undefined> =>
      db
        .selectFrom('ticket')
        .select(columns)
        .where('chatId', '=', chatId)
        .where('status', '=', 'closed')
        .orderBy('closedAt', 'desc')
        .limit(1)
        .forUpdate()
        .executeTakeFirst(),
    /** Locked until the transaction ends. */
    unresolvedBy: (assigneeId: AgentId): Promise<Ticket[]> =>
      db
        .selectFrom('ticket')
        .select(columns)
        .where('assigneeId', '=', assigneeId)
        .where('status', '<>', 'closed')
        .orderBy('number')
        .forUpdate()
        .execute(),
    /** The newest number first; `before` is the last of the page before. */
    list: async (
      filter: TicketFilter,
      page: { limit: number; before?: number | undefined },
    ): Promise<ListedTicket[]> => {
      const { scope, statuses, chatId, assigneeId } = filter;
      let query = db
        .selectFrom('ticket')
        .leftJoin('agent as whose', 'whose.id', 'ticket.assigneeId')
        .select([...columns.map((column) => `ticket.${column}` as const), 'whose.email as assigneeEmail']);
      if (scope !== 'all') query = query.where(sql<boolean>`ticket.chat_id = any(${[...scope]}::uuid[])`);
      if (statuses !== undefined) query = query.where('ticket.status', 'in', [...statuses]);
      if (chatId !== undefined) query = query.where('ticket.chatId', '=', chatId);
      if (assigneeId === null) query = query.where('ticket.assigneeId', 'is', null);
      else if (assigneeId !== undefined) query = query.where('ticket.assigneeId', '=', assigneeId);
      if (page.before !== undefined) query = query.where('ticket.number', '<', page.before);
      return query.orderBy('ticket.number', 'desc').limit(page.limit).execute();
    },
    labelIdsOf: async (chatId: ChatId): Promise<LabelId[]> => {
      const rows = await db.selectFrom('chat_label').select('labelId').where('chatId', '=', chatId).execute();
      return rows.map(({ labelId }) => labelId);
    },
    /** A merged Chat's Tickets go to the one that stays. */
    moveChat: async (from: ChatId, to: ChatId): Promise<void> => {
      await db.updateTable('ticket').set({ chatId: to }).where('chatId', '=', from).execute();
    },
    post: (ticketId: TicketId, mirrorId: MirrorId): Promise<TicketPost | undefined> =>
      db
        .selectFrom('ticket_post')
        .selectAll()
        .where('ticketId', '=', ticketId)
        .where('mirrorId', '=', mirrorId)
        .executeTakeFirst(),
    /** The Ticket whose card this post is. */
    byPost: async (mirrorId: MirrorId, remoteId: PostId): Promise<TicketId | undefined> => {
      const row = await db
        .selectFrom('ticket_post')
        .select('ticketId')
        .where('mirrorId', '=', mirrorId)
        .where('remoteId', '=', remoteId)
        .executeTakeFirst();
      return row?.ticketId;
    },
    /** The card was posted, or shows something else now. */
    posted: async (post: TicketPost): Promise<void> => {
      const { remoteId, generation, shown } = post;
      await db
        .insertInto('ticket_post')
        .values(post)
        .onConflict((conflict) =>
          conflict.columns(['ticketId', 'mirrorId']).doUpdateSet({ remoteId, generation, shown }),
        )
        .execute();
    },
    /** The card isn't there any more. */
    dropPost: async (ticketId: TicketId, mirrorId: MirrorId): Promise<void> => {
      await db.deleteFrom('ticket_post').where('ticketId', '=', ticketId).where('mirrorId', '=', mirrorId).execute();
    },
  };
};
