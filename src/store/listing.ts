// What the doors list: chats by filters and reach, audit rows, counts. Reading only.
import { sql } from 'kysely';
import type { RawBuilder } from 'kysely';
import type { AccountId, AgentId, ChatId, DeliveryId, MessageId, WorkspaceId } from '../domain/ids.ts';
import type { AuditEntry } from './audit.ts';
import type { Chat } from './chat.ts';
import type { Db } from './db.ts';
import type { Delivery } from './delivery.ts';
import type { Mirror } from './mirror.ts';
import type { Reaction } from './reaction.ts';

/** Which Chats somebody sees. */
export type Scope = 'all' | ReadonlySet<ChatId>;

/** Absent doesn't filter. */
export interface ChatListFilter {
  /** A part of the name, or of the phone number. */
  readonly search?: string | undefined;
  /** A Label's name. */
  readonly label?: string | undefined;
  readonly accountId?: AccountId | undefined;
  readonly kind?: 'direct' | 'group' | undefined;
  readonly workspaceId?: WorkspaceId | undefined;
  /** Only those with (true) or without (false) a customer who waits for an answer. */
  readonly waiting?: boolean | undefined;
}

/** Where a page of Chats begins: after this one. */
export interface ChatPlace {
  readonly at: Date | null;
  readonly id: ChatId;
}

export interface ListedChat extends Chat {
  readonly contactName: string | null;
  readonly phone: string | null;
  /** Is its person a colleague? Null for groups. */
  readonly internal: boolean | null;
  /** The first message that a customer waits for an answer to. */
  readonly waitingSince: Date | null;
}

export type ListedMirror = Pick<Mirror, 'chatId' | 'workspaceId' | 'channelId' | 'channelName' | 'state' | 'url'>;

export interface ListedDelivery extends Pick<
  Delivery,
  'id' | 'task' | 'state' | 'attempts' | 'reason' | 'createdAt' | 'chatId'
> {
  /** Where it goes: `account:<id>` or `workspace:<id>`. */
  readonly target: string;
}

export interface ListedAudit {
  readonly id: string;
  readonly at: Date;
  readonly actorKind: AuditEntry['actor']['kind'];
  readonly actorName: string | null;
  readonly actorEmail: string | null;
  readonly action: string;
  readonly chatId: ChatId | null;
  readonly agentId: AgentId | null;
  readonly detail: Readonly<Record<string, unknown>> | null;
  readonly source: string;
}

export interface AuditFilter {
  /** Who did it, or whom it's about. */
  readonly agentId?: AgentId | undefined;
  readonly chatId?: ChatId | undefined;
  readonly action?: string | undefined;
  readonly from?: Date | undefined;
  /** Not included. */
  readonly to?: Date | undefined;
  /** The last row of the page before. */
  readonly before?: string | undefined;
}

/** Since when the Chat's open Episode is: what a Chat that isn't mirrored any more asks is nobody's to answer. */
const waitingSince = sql<Date | string | null>`(select e.asked_at from episode e
  where e.chat_id = chat.id and e.answered_at is null and chat.mode <> 'never')`;

/** Times that SQL of ours computed come as text. */
const toDate = (value: Date | string | null): Date | null => (value === null ? null : new Date(value));

const like = (part: string): string => `%${part.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`;

function conditions(filter: ChatListFilter, scope: Scope): RawBuilder<boolean>[] {
  const list: RawBuilder<boolean>[] = [];
  if (scope !== 'all') list.push(sql<boolean>`chat.id = any(${[...scope]}::uuid[])`);
  if (filter.search !== undefined) {
    const digits = filter.search.replaceAll(/[\s().+-]/g, '');
    const byPhone = /^\d+$/.test(digits) ? sql`person.phone like ${like(digits)}` : sql`false`;
    list.push(
      sql<boolean>`(chat.name ilike ${like(filter.search)} or person.name ilike ${like(filter.search)} or ${byPhone})`,
    );
  }
  if (filter.label !== undefined) {
    list.push(sql<boolean>`exists (select 1 from chat_label cl join label l on l.id = cl.label_id
      where cl.chat_id = chat.id and lower(l.name) = ${filter.label.toLowerCase()})`);
  }
  if (filter.accountId !== undefined) list.push(sql<boolean>`chat.account_id = ${filter.accountId}`);
  if (filter.kind !== undefined) list.push(sql<boolean>`chat.kind = ${filter.kind}`);
  if (filter.workspaceId !== undefined) {
    list.push(
      sql<boolean>`exists (select 1 from mirror where mirror.chat_id = chat.id and mirror.workspace_id = ${filter.workspaceId})`,
    );
  }
  if (filter.waiting !== undefined) {
    list.push(sql<boolean>`${waitingSince} is ${filter.waiting ? sql`not null` : sql`null`}`);
  }
  return list;
}

/**
 * A joined table never goes by its own name here: MikroORM's result plugin takes a column `agent_id` for the `id` of a table called `agent`
 * (`@mikro-orm/sql` 7.2.1, plugin/transformer.js, `buildFieldToPropertyMap`).
 */
export const listingQueries = (db: Db) => {
  const chats = () =>
    db
      .selectFrom('chat')
      .leftJoin('contact as person', 'person.id', 'chat.contactId')
      .select([
        'chat.id',
        'chat.accountId',
        'chat.kind',
        'chat.name',
        'chat.contactId',
        'chat.mode',
        'chat.lastMessageAt',
        'person.name as contactName',
        'person.phone',
        'person.internal',
        waitingSince.as('waitingSince'),
      ]);
  return {
    /** The newest message first; Chats that never had one come last. */
    chats: async (
      filter: ChatListFilter,
      page: { scope: Scope; limit: number; after?: ChatPlace | undefined },
    ): Promise<ListedChat[]> => {
      let query = chats();
      for (const condition of conditions(filter, page.scope)) query = query.where(condition);
      const { after } = page;
      if (after !== undefined) {
        const isOlder =
          after.at === null
            ? sql<boolean>`(chat.last_message_at is null and chat.id < ${after.id})`
            : sql<boolean>`(chat.last_message_at < ${after.at} or chat.last_message_at is null
                or (chat.last_message_at = ${after.at} and chat.id < ${after.id}))`;
        query = query.where(isOlder);
      }
      const rows = await query
        .orderBy('chat.lastMessageAt', (order) => order.desc().nullsLast())
        .orderBy('chat.id', 'desc')
        .limit(page.limit)
        .execute();
      return rows.map((row) => ({ ...row, waitingSince: toDate(row.waitingSince) }));
    },
    /** All that match, the newest last: for a change of many at once. */
    chatIds: async (filter: ChatListFilter): Promise<ChatId[]> => {
      let query = db.selectFrom('chat').leftJoin('contact as person', 'person.id', 'chat.contactId').select('chat.id');
      for (const condition of conditions(filter, 'all')) query = query.where(condition);
      const rows = await query.orderBy('chat.id').execute();
      return rows.map((row) => row.id);
    },
    chat: async (id: ChatId): Promise<ListedChat | undefined> => {
      const row = await chats().where('chat.id', '=', id).executeTakeFirst();
      return row === undefined ? undefined : { ...row, waitingSince: toDate(row.waitingSince) };
    },
    /** The newest row first. */
    audit: (filter: AuditFilter, limit: number): Promise<ListedAudit[]> => {
      const { agentId, chatId, action, from, to, before } = filter;
      let query = db
        .selectFrom('audit')
        .leftJoin('agent as doer', 'doer.id', 'audit.actorAgentId')
        .select([
          'audit.id',
          'audit.at',
          'audit.actorKind',
          'audit.actorName',
          'doer.email as actorEmail',
          'audit.action',
          'audit.chatId',
          'audit.agentId',
          'audit.detail',
          'audit.source',
        ]);
      if (agentId !== undefined) {
        // A bulk change is one row that names all it was about.
        const isNamed = sql<boolean>`audit.detail -> 'agentIds' ? ${agentId}`;
        query = query.where((eb) =>
          eb.or([eb('audit.actorAgentId', '=', agentId), eb('audit.agentId', '=', agentId), isNamed]),
        );
      }
      if (chatId !== undefined) {
        query = query.where(sql<boolean>`(audit.chat_id = ${chatId}
          or (audit.detail ? 'chatIds' and audit.detail -> 'chatIds' ? ${chatId}))`);
      }
      if (action !== undefined) query = query.where('audit.action', '=', action);
      if (from !== undefined) query = query.where('audit.at', '>=', from);
      if (to !== undefined) query = query.where('audit.at', '<', to);
      if (before !== undefined) query = query.where('audit.id', '<', before);
      return query.orderBy('audit.id', 'desc').limit(limit).execute();
    },
    /** For a page of Chats: where each is shown. */
    mirrors: async (ids: readonly ChatId[]): Promise<ReadonlyMap<ChatId, readonly ListedMirror[]>> => {
      if (ids.length === 0) return new Map();
      const rows = await db
        .selectFrom('mirror')
        .select(['chatId', 'workspaceId', 'channelId', 'channelName', 'state', 'url'])
        .where('chatId', 'in', [...ids])
        .orderBy('id')
        .execute();
      return Map.groupBy(rows, (row) => row.chatId);
    },
    /** For a page of Messages. */
    reactions: async (ids: readonly MessageId[]): Promise<ReadonlyMap<MessageId, readonly Reaction[]>> => {
      if (ids.length === 0) return new Map();
      const rows = await db
        .selectFrom('reaction')
        .select(['messageId', 'doer', 'emoji', 'agentId'])
        .where('messageId', 'in', [...ids])
        .orderBy('at')
        .execute();
      return Map.groupBy(rows, (row) => row.messageId);
    },
    /** Words of Messages that are quoted, by their ids. */
    texts: async (ids: readonly MessageId[]): Promise<ReadonlyMap<MessageId, string>> => {
      if (ids.length === 0) return new Map();
      const rows = await db
        .selectFrom('message')
        .select(['id', 'text'])
        .where('id', 'in', [...ids])
        .execute();
      return new Map(rows.map((row) => [row.id, row.text]));
    },
    /** One Delivery as lists show it. */
    delivery: (id: DeliveryId): Promise<ListedDelivery | undefined> =>
      db
        .selectFrom('delivery')
        .innerJoin('lane as way', 'way.id', 'delivery.laneId')
        .select([
          'delivery.id',
          'delivery.task',
          'delivery.state',
          'delivery.attempts',
          'delivery.reason',
          'delivery.createdAt',
          'delivery.chatId',
          'way.target',
        ])
        .where('delivery.id', '=', id)
        .executeTakeFirst(),
    messageCounts: (): Promise<{ direction: 'in' | 'out'; count: number }[]> =>
      db
        .selectFrom('message')
        .select(['direction', sql<number>`count(*)::int`.as('count')])
        .where('note', '=', false)
        .groupBy('direction')
        .execute(),
  };
};
