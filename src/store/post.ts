// Post rows: which posts show a Message (or its line) in a Mirror, and what they show at the moment.
import { defineEntity, p } from '@mikro-orm/postgresql';
import { sql } from 'kysely';
import type { MessageId, MirrorId, PostId } from '../domain/ids.ts';
import type { Db } from './db.ts';
import { MessageEntity } from './message.ts';
import { MirrorEntity } from './mirror.ts';

/** `message`: the n-th part of the Message. `line`: the one line under an agent's reply. `origin`: the agent's own post. */
export type PostRole = 'message' | 'line' | 'origin';

export const PostEntity = defineEntity({
  name: 'Post',
  tableName: 'post',
  properties: {
    id: p.bigint('string').primary().autoincrement(),
    mirrorId: p.manyToOne(MirrorEntity).mapToPk().deleteRule('cascade'),
    messageId: p.manyToOne(MessageEntity).mapToPk().deleteRule('cascade'),
    role: p.text().$type<PostRole>(),
    part: p.integer().default(0),
    remoteId: p.text().$type<PostId>(),
    /** The root of the thread it stands in; none at the top level. */
    threadId: p.text().$type<PostId>().nullable(),
    /** Of the Mirror's channels, which one it stands in. */
    generation: p.integer(),
    /** A digest of what it shows: the same again needs no edit. */
    shown: p.text().nullable(),
    /** The bot's reactions on it. */
    reactions: p.json<readonly string[]>().nullable(),
    createdAt: p.datetime().defaultRaw('now()'),
  },
  uniques: [
    { name: 'post_place', properties: ['mirrorId', 'remoteId'] },
    { name: 'post_part', properties: ['messageId', 'mirrorId', 'role', 'part'] },
  ],
  indexes: [{ name: 'post_recent', properties: ['mirrorId', 'createdAt'] }],
});

export interface PostRow {
  readonly id: string;
  readonly mirrorId: MirrorId;
  readonly messageId: MessageId;
  readonly role: PostRole;
  readonly part: number;
  readonly remoteId: PostId;
  readonly threadId: PostId | null;
  readonly generation: number;
  readonly shown: string | null;
  readonly reactions: readonly string[] | null;
}

const columns = [
  'id',
  'mirrorId',
  'messageId',
  'role',
  'part',
  'remoteId',
  'threadId',
  'generation',
  'shown',
  'reactions',
] as const;

export const postQueries = (db: Db) => ({
  of: (messageId: MessageId, mirrorId: MirrorId): Promise<PostRow[]> =>
    db
      .selectFrom('post')
      .select(columns)
      .where('messageId', '=', messageId)
      .where('mirrorId', '=', mirrorId)
      .orderBy('role')
      .orderBy('part')
      .execute(),
  byPostId: (mirrorId: MirrorId, postId: PostId): Promise<PostRow | undefined> =>
    db
      .selectFrom('post')
      .select(columns)
      .where('mirrorId', '=', mirrorId)
      .where('remoteId', '=', postId)
      .executeTakeFirst(),
  /** `wholeAt`: with this post the Message is to be seen whole; the first such moment is kept. */
  insert: async (
    row: {
      mirrorId: MirrorId;
      messageId: MessageId;
      role: PostRole;
      part: number;
      remoteId: PostId;
      threadId: PostId | null;
      generation: number;
      shown: string | null;
    },
    wholeAt?: Date,
  ): Promise<void> => {
    if (wholeAt !== undefined) {
      await db
        .with('whole', (part) =>
          part
            .updateTable('message')
            .set({ postedAt: sql<Date>`coalesce(posted_at, ${wholeAt})` })
            .where('id', '=', row.messageId),
        )
        .insertInto('post')
        .values(row)
        .onConflict((conflict) => conflict.doNothing())
        .execute();
      return;
    }
    await db
      .insertInto('post')
      .values(row)
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  },
  setShown: async (id: string, shown: string): Promise<void> => {
    await db.updateTable('post').set({ shown }).where('id', '=', id).execute();
  },
  setReactions: async (id: string, reactions: readonly string[]): Promise<void> => {
    await db.updateTable('post').set({ reactions }).where('id', '=', id).execute();
  },
  drop: async (id: string): Promise<void> => {
    await db.deleteFrom('post').where('id', '=', id).execute();
  },
});
