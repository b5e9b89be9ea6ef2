// QuickReply: a text that agents send by its name.
import { defineEntity, p } from '@mikro-orm/postgresql';
import { sql } from 'kysely';
import { newId, type Db } from './db.ts';

declare const brand: unique symbol;
export type QuickReplyId = string & { readonly [brand]: 'QuickReply' };

export const QuickReplyEntity = defineEntity({
  name: 'QuickReply',
  tableName: 'quick_reply',
  properties: {
    id: p.uuid().$type<QuickReplyId>().primary(),
    /** As written by the one who made it; unique whatever the case. */
    name: p.text(),
    text: p.text(),
    updatedAt: p.datetime(),
  },
  indexes: [
    {
      name: 'quick_reply_name',
      expression: 'create unique index "quick_reply_name" on "quick_reply" (lower("name"))',
    },
  ],
});

export interface QuickReply {
  readonly id: QuickReplyId;
  readonly name: string;
  readonly text: string;
}

const columns = ['id', 'name', 'text'] as const;

export const quickReplyQueries = (db: Db) => ({
  all: (): Promise<QuickReply[]> => db.selectFrom('quick_reply').select(columns).orderBy('name').execute(),
  byName: (name: string): Promise<QuickReply | undefined> =>
    db
      .selectFrom('quick_reply')
      .select(columns)
      .where(sql`lower("name")`, '=', name.toLowerCase())
      .executeTakeFirst(),
  /** Makes it, or replaces the text of the one with that name. Says whether it was there before. */
  put: async (name: string, text: string, now: Date): Promise<boolean> => {
    const before = await db
      .updateTable('quick_reply')
      .set({ name, text, updatedAt: now })
      .where(sql`lower("name")`, '=', name.toLowerCase())
      .returning('id')
      .executeTakeFirst();
    if (before !== undefined) return true;
    await db
      .insertInto('quick_reply')
      .values({ id: newId<QuickReplyId>(now.getTime()), name, text, updatedAt: now })
      .execute();
    return false;
  },
  /** False when it's gone already. */
  remove: async (id: QuickReplyId): Promise<boolean> => {
    const row = await db.deleteFrom('quick_reply').where('id', '=', id).returning('id').executeTakeFirst();
    return row !== undefined;
  },
});
