// Message: something said in a Chat, from whichever side, with what became of it; and what waits for its message to come.
import { defineEntity, p } from '@mikro-orm/postgresql';
import { sql } from 'kysely';
import type { Content, ContentKind } from '../domain/content.ts';
import type { MessengerEvent, PlatformFile } from '../domain/events.ts';
import type { AccountId, AgentId, ChatId, ContactId, MessageId, PostId, RemoteId, WorkspaceId } from '../domain/ids.ts';
import type { RichText } from '../domain/text.ts';
import { AgentEntity } from './agent.ts';
import { ChatEntity } from './chat.ts';
import { ContactEntity } from './contact.ts';
import type { Db } from './db.ts';

/** Of what goes out: where it stands. `held` waits for a person or a time; `uncertain` was sent without an acknowledgement. */
export type MessageState = 'held' | 'queued' | 'sent' | 'delivered' | 'read' | 'failed' | 'uncertain' | 'cancelled';

/** `contact`: they said it. The rest went out: an agent by a platform or the web, the organisation's phone, or the program. */
export type MessageSource = 'contact' | 'platform' | 'web' | 'phone' | 'automation';

export interface EarlierText {
  readonly content: Content;
  readonly until: string;
}

export const MessageEntity = defineEntity({
  name: 'Message',
  tableName: 'message',
  properties: {
    id: p.uuid().$type<MessageId>().primary(),
    accountId: p.uuid().$type<AccountId>(),
    chatId: p.manyToOne(ChatEntity).mapToPk(),
    direction: p.text().$type<'in' | 'out'>(),
    source: p.text().$type<MessageSource>(),
    kind: p.text().$type<ContentKind>(),
    content: p.json<Content>(),
    /** The words, for search and exports. */
    text: p.text(),
    /** The messenger's id; ours to choose for what we send. Notes have none. */
    remoteId: p.text().$type<RemoteId>().nullable(),
    /** Who said it: a Contact's id, or `us`. With `remoteId` and the Chat, what makes it the same message. */
    author: p.text(),
    contactId: p.manyToOne(ContactEntity).mapToPk().nullable().index('message_contact'),
    agentId: p.manyToOne(AgentEntity).mapToPk().nullable().index('message_agent'),
    note: p.boolean().default(false),
    forwarded: p.boolean().default(false),
    quotedId: p.uuid().$type<MessageId>().nullable(),
    /** What the quoting side showed of a message, kept for quotes of what we don't have. */
    quotedPreview: p.text().nullable(),
    quotesRemotely: p.boolean().default(false),
    /** Where an agent wrote it. */
    originWorkspaceId: p.uuid().$type<WorkspaceId>().nullable(),
    originPostId: p.text().$type<PostId>().nullable(),
    /** A post with several files becomes several Messages: the n-th of them. */
    originPart: p.integer().default(0),
    files: p.json<readonly PlatformFile[]>().nullable(),
    state: p.text().$type<MessageState>().nullable(),
    /** Plain words, when it failed, is held or isn't mirrored. */
    reason: p.text().nullable(),
    /** Set when it is left out of the mirrors on purpose: the other half of the Ledger. */
    filtered: p.text().nullable(),
    /** The messenger's time for what came in; when it was written for what went out. */
    sentAt: p.datetime(),
    receivedAt: p.datetime().defaultRaw('now()'),
    postedAt: p.datetime().nullable(),
    ackedAt: p.datetime().nullable(),
    deliveredAt: p.datetime().nullable(),
    readAt: p.datetime().nullable(),
    editedAt: p.datetime().nullable(),
    deletedAt: p.datetime().nullable(),
    earlier: p.json<readonly EarlierText[]>().nullable(),
  },
  uniques: [
    { name: 'message_identity', properties: ['chatId', 'remoteId', 'author'] },
    { name: 'message_origin', properties: ['originWorkspaceId', 'originPostId', 'originPart'] },
  ],
  indexes: [
    { name: 'message_chat', properties: ['chatId', 'sentAt', 'id'] },
    { name: 'message_remote', properties: ['accountId', 'remoteId'] },
    {
      name: 'message_replied',
      expression: `create index "message_replied" on "message" ("chat_id", "acked_at") where "direction" = 'out' and "acked_at" is not null`,
    },
    // What the figures count (`figure.ts`, `isReply` of `episode.ts`) stands whole in these, and they ask in the same words.
    {
      name: 'message_customers',
      expression: `create index "message_customers" on "message" ("sent_at") include ("chat_id", "posted_at", "filtered") where "direction" = 'in' and "source" = 'contact'`,
    },
    {
      name: 'message_replies',
      expression: `create index "message_replies" on "message" ("acked_at") include ("chat_id", "agent_id", "source", "origin_workspace_id") where "direction" = 'out' and "source" in ('platform', 'web', 'phone') and "kind" not in ('change', 'call') and not "note" and "filtered" is null and "acked_at" is not null`,
    },
    {
      name: 'message_gap',
      expression: `create index "message_gap" on "message" ("sent_at", "id") where "direction" = 'in' and "source" = 'contact' and "filtered" is null and "posted_at" is null`,
    },
  ],
});

/** An edit, deletion, reaction or vote that came before its message. */
export const WaitingEntity = defineEntity({
  name: 'Waiting',
  tableName: 'waiting',
  properties: {
    id: p.bigint('string').primary().autoincrement(),
    chatId: p.manyToOne(ChatEntity).mapToPk().deleteRule('cascade'),
    remoteId: p.text().$type<RemoteId>(),
    event: p.json<MessengerEvent>(),
    createdAt: p.datetime().defaultRaw('now()').index('waiting_age'),
  },
  indexes: [{ name: 'waiting_message', properties: ['chatId', 'remoteId'] }],
});

export interface Message {
  readonly id: MessageId;
  readonly accountId: AccountId;
  readonly chatId: ChatId;
  readonly direction: 'in' | 'out';
  readonly source: MessageSource;
  readonly kind: ContentKind;
  readonly content: Content;
  readonly text: string;
  readonly remoteId: RemoteId | null;
  readonly author: string;
  readonly contactId: ContactId | null;
  readonly agentId: AgentId | null;
  readonly note: boolean;
  readonly forwarded: boolean;
  readonly quotedId: MessageId | null;
  readonly quotedPreview: string | null;
  readonly quotesRemotely: boolean;
  readonly originWorkspaceId: WorkspaceId | null;
  readonly originPostId: PostId | null;
  readonly originPart: number;
  readonly files: readonly PlatformFile[] | null;
  readonly state: MessageState | null;
  readonly reason: string | null;
  readonly filtered: string | null;
  readonly sentAt: Date;
  readonly receivedAt: Date;
  readonly postedAt: Date | null;
  readonly ackedAt: Date | null;
  readonly deliveredAt: Date | null;
  readonly readAt: Date | null;
  readonly editedAt: Date | null;
  readonly deletedAt: Date | null;
  readonly earlier: readonly EarlierText[] | null;
}

export interface NewMessage {
  readonly id: MessageId;
  readonly accountId: AccountId;
  readonly chatId: ChatId;
  readonly direction: 'in' | 'out';
  readonly source: MessageSource;
  readonly content: Content;
  readonly text: string;
  readonly remoteId: RemoteId | null;
  readonly author: string;
  readonly contactId?: ContactId | null;
  readonly agentId?: AgentId | null;
  readonly note?: boolean;
  readonly forwarded?: boolean;
  readonly quotedId?: MessageId | null;
  readonly quotedPreview?: string | null;
  readonly quotesRemotely?: boolean;
  readonly originWorkspaceId?: WorkspaceId | null;
  readonly originPostId?: PostId | null;
  readonly originPart?: number;
  readonly files?: readonly PlatformFile[] | null;
  readonly state?: MessageState | null;
  readonly reason?: string | null;
  readonly filtered?: string | null;
  readonly sentAt: Date;
  readonly receivedAt: Date;
  readonly ackedAt?: Date | null;
}

export const messageQueries = (db: Db) => ({
  find: (id: MessageId): Promise<Message | undefined> =>
    db.selectFrom('message').selectAll().where('id', '=', id).executeTakeFirst(),
  lock: (id: MessageId): Promise<Message | undefined> =>
    db.selectFrom('message').selectAll().where('id', '=', id).forUpdate().executeTakeFirst(),
  /** Undefined when it's there already. */
  insert: (row: NewMessage): Promise<Message | undefined> =>
    db
      .insertInto('message')
      .values({ ...row, contactId: row.contactId ?? null, agentId: row.agentId ?? null, kind: row.content.kind })
      .onConflict((conflict) => conflict.doNothing())
      .returningAll()
      .executeTakeFirst(),
  byRemote: (chatId: ChatId, remoteId: RemoteId, author: string): Promise<Message | undefined> =>
    db
      .selectFrom('message')
      .selectAll()
      .where('chatId', '=', chatId)
      .where('remoteId', '=', remoteId)
      .where('author', '=', author)
      .executeTakeFirst(),
  /** For what names a message by its id alone (quotes, receipts). */
  byRemoteId: (chatId: ChatId, remoteId: RemoteId): Promise<Message | undefined> =>
    db
      .selectFrom('message')
      .selectAll()
      .where('chatId', '=', chatId)
      .where('remoteId', '=', remoteId)
      .orderBy('id')
      .executeTakeFirst(),
  outgoing: (accountId: AccountId, remoteIds: readonly RemoteId[]): Promise<Message[]> =>
    db
      .selectFrom('message')
      .selectAll()
      .where('accountId', '=', accountId)
      .where('remoteId', 'in', [...remoteIds])
      .where('direction', '=', 'out')
      .execute(),
  /** What an agent's post became: one Message, or one a file. */
  byOrigin: (workspaceId: WorkspaceId, postId: PostId): Promise<Message[]> =>
    db
      .selectFrom('message')
      .selectAll()
      .where('originWorkspaceId', '=', workspaceId)
      .where('originPostId', '=', postId)
      .orderBy('originPart')
      .execute(),
  newest: (chatId: ChatId): Promise<Message | undefined> =>
    db
      .selectFrom('message')
      .selectAll()
      .where('chatId', '=', chatId)
      .where('note', '=', false)
      // WhatsApp's times are whole seconds, an agent's are exact: within a second the order of recording counts.
      .orderBy(sql`date_trunc('second', sent_at)`, 'desc')
      .orderBy('id', 'desc')
      .limit(1)
      .executeTakeFirst(),
  page: (chatId: ChatId, options: { before?: { sentAt: Date; id: MessageId }; limit: number }): Promise<Message[]> => {
    let query = db.selectFrom('message').selectAll().where('chatId', '=', chatId);
    const before = options.before;
    if (before !== undefined) {
      query = query.where((eb) =>
        eb.or([eb('sentAt', '<', before.sentAt), eb.and([eb('sentAt', '=', before.sentAt), eb('id', '<', before.id)])]),
      );
    }
    return query.orderBy('sentAt', 'desc').orderBy('id', 'desc').limit(options.limit).execute();
  },
  /** Incoming messages of a Chat up to a moment that the customer hasn't been shown as read. */
  unread: (chatId: ChatId, limit: number): Promise<Message[]> =>
    db
      .selectFrom('message')
      .selectAll()
      .where('chatId', '=', chatId)
      .where('direction', '=', 'in')
      .where('readAt', 'is', null)
      .where('remoteId', 'is not', null)
      .orderBy('sentAt', 'desc')
      .limit(limit)
      .execute(),
  update: async (
    id: MessageId,
    change: Partial<
      Pick<
        Message,
        | 'state'
        | 'reason'
        | 'content'
        | 'text'
        | 'kind'
        | 'sentAt'
        | 'postedAt'
        | 'ackedAt'
        | 'deliveredAt'
        | 'readAt'
        | 'editedAt'
        | 'deletedAt'
        | 'earlier'
        | 'contactId'
      >
    >,
  ): Promise<void> => {
    await db.updateTable('message').set(change).where('id', '=', id).execute();
  },
  setFiltered: async (id: MessageId, reason: string): Promise<void> => {
    await db.updateTable('message').set({ filtered: reason }).where('id', '=', id).execute();
  },
  /** The first moment it was to be seen in a channel. */
  posted: async (id: MessageId, at: Date): Promise<void> => {
    await db
      .updateTable('message')
      .set({ postedAt: sql<Date>`coalesce("posted_at", ${at})` })
      .where('id', '=', id)
      .execute();
  },
  markRead: async (ids: readonly MessageId[], at: Date): Promise<void> => {
    if (ids.length === 0) return;
    await db
      .updateTable('message')
      .set({ readAt: at })
      .where('id', 'in', [...ids])
      .execute();
  },
  wait: async (chatId: ChatId, remoteId: RemoteId, event: MessengerEvent): Promise<void> => {
    await db.insertInto('waiting').values({ chatId, remoteId, event }).execute();
  },
  /** What waited for this message, oldest first; it waits no longer. */
  waited: async (chatId: ChatId, remoteId: RemoteId): Promise<MessengerEvent[]> => {
    const rows = await db
      .deleteFrom('waiting')
      .where('chatId', '=', chatId)
      .where('remoteId', '=', remoteId)
      .returning(['id', 'event'])
      .execute();
    return rows
      .sort((a, b) => Number(BigInt(a.id) - BigInt(b.id)))
      .map(({ event }) => ('at' in event ? { ...event, at: new Date(event.at) } : event));
  },
  pruneWaiting: async (before: Date): Promise<void> => {
    await db.deleteFrom('waiting').where('createdAt', '<', before).execute();
    await db.deleteFrom('sent').where('sentAt', '<', before).execute();
  },
  /** Moves a merged Chat's or Contact's messages to the one that stays; what both have is kept once. */
  moveChat: async (from: ChatId, to: ChatId): Promise<void> => {
    await sql`update message m set chat_id = ${to} where chat_id = ${from} and not exists
      (select 1 from message k where k.chat_id = ${to} and k.remote_id = m.remote_id and k.author = m.author)`.execute(
      db,
    );
    await db.updateTable('waiting').set({ chatId: to }).where('chatId', '=', from).execute();
  },
  moveContact: async (from: ContactId, to: ContactId): Promise<void> => {
    await sql`update message m set author = ${to}, contact_id = ${to} where contact_id = ${from} and not exists
      (select 1 from message k where k.chat_id = m.chat_id and k.remote_id = m.remote_id and k.author = ${to})`.execute(
      db,
    );
    await db.updateTable('reaction').set({ doer: to }).where('doer', '=', from).execute();
  },
});

/** What an outgoing reply carried in words; empty when it was a file alone. */
export function outgoingText(content: Content): RichText {
  switch (content.kind) {
    case 'text':
      return content.text;
    case 'media':
      return content.caption;
    default:
      return [];
  }
}
