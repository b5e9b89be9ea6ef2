// Label: a name put on Chats, and through it on Agents.
import { defineEntity, p } from '@mikro-orm/postgresql';
import { sql } from 'kysely';
import type { ChatId } from '../domain/ids.ts';
import { ChatEntity } from './chat.ts';
import { newId, type Db } from './db.ts';

declare const brand: unique symbol;
export type LabelId = string & { readonly [brand]: 'Label' };

export const LabelEntity = defineEntity({
  name: 'Label',
  tableName: 'label',
  properties: {
    id: p.uuid().$type<LabelId>().primary(),
    /** As written by the one who made it; unique whatever the case. */
    name: p.text(),
    /** `#rrggbb`. */
    color: p.text(),
    createdAt: p.datetime().defaultRaw('now()'),
  },
  indexes: [{ name: 'label_name', expression: 'create unique index "label_name" on "label" (lower("name"))' }],
});

export const ChatLabelEntity = defineEntity({
  name: 'ChatLabel',
  tableName: 'chat_label',
  properties: {
    chatId: p.manyToOne(ChatEntity).mapToPk().primary().deleteRule('cascade'),
    labelId: p.manyToOne(LabelEntity).mapToPk().primary().deleteRule('cascade'),
    at: p.datetime().defaultRaw('now()'),
  },
  indexes: [{ name: 'chat_label_label', properties: ['labelId', 'chatId'] }],
});

export interface Label {
  readonly id: LabelId;
  readonly name: string;
  readonly color: string;
}

export interface LabelCounts extends Label {
  readonly chatCount: number;
  readonly agentCount: number;
}

const columns = ['id', 'name', 'color'] as const;

export const labelQueries = (db: Db) => ({
  find: (id: LabelId): Promise<Label | undefined> =>
    db.selectFrom('label').select(columns).where('id', '=', id).executeTakeFirst(),
  all: (): Promise<LabelCounts[]> =>
    db
      .selectFrom('label')
      .select([
        ...columns,
        sql<number>`(select count(*)::int from chat_label cl where cl.label_id = label.id)`.as('chatCount'),
        sql<number>`(select count(*)::int from label_grant lg where lg.label_id = label.id)`.as('agentCount'),
      ])
      .orderBy('name')
      .execute(),
  byName: (name: string): Promise<Label | undefined> =>
    db
      .selectFrom('label')
      .select(columns)
      .where(sql`lower("name")`, '=', name.toLowerCase())
      .executeTakeFirst(),
  create: (label: { name: string; color: string }, now: Date): Promise<Label> =>
    db
      .insertInto('label')
      .values({ id: newId<LabelId>(now.getTime()), ...label, createdAt: now })
      .returning(columns)
      .executeTakeFirstOrThrow(),
  update: async (id: LabelId, change: { name?: string; color?: string }): Promise<void> => {
    await db.updateTable('label').set(change).where('id', '=', id).execute();
  },
  /** With it goes whatever it gave. */
  remove: async (id: LabelId): Promise<void> => {
    await db.deleteFrom('label').where('id', '=', id).execute();
  },
  /** The Chats that didn't carry it before. */
  put: async (id: LabelId, chatIds: readonly ChatId[], at: Date): Promise<ChatId[]> => {
    if (chatIds.length === 0) return [];
    const rows = await sql<{ chatId: ChatId }>`insert into chat_label (chat_id, label_id, at)
      select chat_id, ${id}, ${at} from unnest(${[...chatIds]}::uuid[]) as chosen (chat_id)
      on conflict do nothing returning chat_id as "chatId"`.execute(db);
    return rows.rows.map((row) => row.chatId);
  },
  /** The Chats that carried it until now. */
  take: async (id: LabelId, chatIds: readonly ChatId[]): Promise<ChatId[]> => {
    const rows = await sql<{ chatId: ChatId }>`delete from chat_label
      where label_id = ${id} and chat_id = any(${[...chatIds]}::uuid[]) returning chat_id as "chatId"`.execute(db);
    return rows.rows.map((row) => row.chatId);
  },
  chatsWith: async (labelIds: readonly LabelId[]): Promise<ChatId[]> => {
    const rows = await sql<{ chatId: ChatId }>`select distinct chat_id as "chatId" from chat_label
      where label_id = any(${[...labelIds]}::uuid[])`.execute(db);
    return rows.rows.map((row) => row.chatId);
  },
  ofChat: (chatId: ChatId): Promise<Label[]> =>
    db
      .selectFrom('chat_label')
      .innerJoin('label', 'label.id', 'chat_label.labelId')
      .select(['label.id', 'label.name', 'label.color'])
      .where('chat_label.chatId', '=', chatId)
      .orderBy('label.name')
      .execute(),
  /** For a page of Chats: the names each carries. */
  ofChats: async (chatIds: readonly ChatId[]): Promise<ReadonlyMap<ChatId, readonly string[]>> => {
    if (chatIds.length === 0) return new Map();
    const rows = await db
      .selectFrom('chat_label')
      .innerJoin('label', 'label.id', 'chat_label.labelId')
      .select(['chat_label.chatId', 'label.name'])
      .where('chat_label.chatId', 'in', [...chatIds])
      .orderBy('label.name')
      .execute();
    const byChat = new Map<ChatId, string[]>();
    for (const { chatId, name } of rows) byChat.set(chatId, [...(byChat.get(chatId) ?? []), name]);
    return byChat;
  },
  /** A merged Chat's labels go to the one that stays. */
  moveChat: async (from: ChatId, to: ChatId): Promise<void> => {
    await sql`insert into chat_label (chat_id, label_id, at) select ${to}, label_id, at from chat_label
      where chat_id = ${from} on conflict do nothing`.execute(db);
    await db.deleteFrom('chat_label').where('chatId', '=', from).execute();
  },
});
