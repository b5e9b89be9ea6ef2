// Mirror: a Chat shown as one private channel of one Workspace, and who is in that channel.
import { defineEntity, p } from '@mikro-orm/postgresql';
import { sql } from 'kysely';
import type { Problem } from '../domain/events.ts';
import type { ChannelId, ChatId, MirrorId, PostId, UserId, WorkspaceId } from '../domain/ids.ts';
import { ChatEntity } from './chat.ts';
import { newId, type Db } from './db.ts';
import { WorkspaceEntity } from './workspace.ts';

/** `opening`: the channel isn't there yet. `gone`: it was deleted, archived or closed to us; the next message opens a new one. */
export type MirrorState = 'opening' | 'open' | 'gone';

export const MirrorEntity = defineEntity({
  name: 'Mirror',
  tableName: 'mirror',
  properties: {
    id: p.uuid().$type<MirrorId>().primary(),
    chatId: p.manyToOne(ChatEntity).mapToPk(),
    workspaceId: p.manyToOne(WorkspaceEntity).mapToPk(),
    state: p.text().$type<MirrorState>().default('opening'),
    channelId: p.text().$type<ChannelId>().nullable(),
    channelName: p.text().nullable(),
    url: p.text().nullable(),
    /** Counts the channels it had: a new channel after a lost one is not mistaken for the first. */
    generation: p.integer().default(0),
    createdAt: p.datetime().defaultRaw('now()'),
    /** Set when the people in the channel may not be those the rules want; cleared by the reconcile loop. */
    staleAt: p.datetime().nullable(),
    checkAfter: p.datetime().nullable(),
    checkedAt: p.datetime().nullable(),
    problems: p.json<readonly Problem[]>().nullable(),
  },
  uniques: [
    { name: 'mirror_place', properties: ['chatId', 'workspaceId'] },
    { name: 'mirror_channel', properties: ['workspaceId', 'channelId'] },
  ],
  indexes: [
    {
      name: 'mirror_stale',
      expression: 'create index "mirror_stale" on "mirror" ("stale_at") where "stale_at" is not null',
    },
  ],
});

export const MirrorUserEntity = defineEntity({
  name: 'MirrorUser',
  tableName: 'mirror_user',
  properties: {
    mirrorId: p.manyToOne(MirrorEntity).mapToPk().primary().deleteRule('cascade'),
    userId: p.text().$type<UserId>().primary(),
    /** `left`: went by hand, and is not fetched back. */
    state: p.text().$type<'in' | 'left'>(),
    at: p.datetime().defaultRaw('now()'),
  },
});

export interface Mirror {
  readonly id: MirrorId;
  readonly chatId: ChatId;
  readonly workspaceId: WorkspaceId;
  readonly state: MirrorState;
  readonly channelId: ChannelId | null;
  readonly channelName: string | null;
  readonly url: string | null;
  readonly generation: number;
  readonly problems: readonly Problem[] | null;
}

const columns = [
  'id',
  'chatId',
  'workspaceId',
  'state',
  'channelId',
  'channelName',
  'url',
  'generation',
  'problems',
] as const;

export const mirrorQueries = (db: Db) => ({
  find: (id: MirrorId): Promise<Mirror | undefined> =>
    db.selectFrom('mirror').select(columns).where('id', '=', id).executeTakeFirst(),
  ofChat: (chatId: ChatId): Promise<Mirror[]> =>
    db.selectFrom('mirror').select(columns).where('chatId', '=', chatId).orderBy('id').execute(),
  ofChannel: (workspaceId: WorkspaceId, channelId: ChannelId): Promise<Mirror | undefined> =>
    db
      .selectFrom('mirror')
      .select(columns)
      .where('workspaceId', '=', workspaceId)
      .where('channelId', '=', channelId)
      .executeTakeFirst(),
  /** The Mirror of a Chat in a Workspace; made, still without a channel, when there's none. */
  ensure: async (chatId: ChatId, workspaceId: WorkspaceId, now: Date): Promise<Mirror> => {
    await db
      .insertInto('mirror')
      .values({ id: newId<MirrorId>(now.getTime()), chatId, workspaceId })
      .onConflict((conflict) => conflict.columns(['chatId', 'workspaceId']).doNothing())
      .execute();
    return db
      .selectFrom('mirror')
      .select(columns)
      .where('chatId', '=', chatId)
      .where('workspaceId', '=', workspaceId)
      .executeTakeFirstOrThrow();
  },
  opened: async (
    id: MirrorId,
    channel: { channelId: ChannelId; channelName: string; url: string | null },
    now: Date,
  ): Promise<void> => {
    await db
      .updateTable('mirror')
      .set({ ...channel, state: 'open', staleAt: now, checkAfter: null })
      .where('id', '=', id)
      .execute();
  },
  /** The channel is lost. Who had left it by hand is forgotten with it. */
  lost: async (id: MirrorId): Promise<void> => {
    await db
      .updateTable('mirror')
      .set({ state: 'gone', channelId: null, generation: sql<number>`generation + 1`, staleAt: null })
      .where('id', '=', id)
      .where('state', '=', 'open')
      .execute();
    await db.deleteFrom('mirror_user').where('mirrorId', '=', id).execute();
  },
  rename: async (id: MirrorId, channelName: string): Promise<void> => {
    await db.updateTable('mirror').set({ channelName }).where('id', '=', id).execute();
  },
  /** Asks the reconcile loop to look at these again. */
  markStale: async (which: { workspaceId?: WorkspaceId; chatId?: ChatId; id?: MirrorId }, now: Date): Promise<void> => {
    let query = db.updateTable('mirror').set({ staleAt: now, checkAfter: null }).where('state', '=', 'open');
    if (which.workspaceId !== undefined) query = query.where('workspaceId', '=', which.workspaceId);
    if (which.chatId !== undefined) query = query.where('chatId', '=', which.chatId);
    if (which.id !== undefined) query = query.where('id', '=', which.id);
    await query.execute();
  },
  stale: async (now: Date, limit: number): Promise<(Mirror & { readonly staleAt: Date })[]> => {
    const rows = await db
      .selectFrom('mirror')
      .select([...columns, 'staleAt'])
      .where('staleAt', 'is not', null)
      .where('state', '=', 'open')
      .where((eb) => eb.or([eb('checkAfter', 'is', null), eb('checkAfter', '<=', now)]))
      .orderBy('staleAt')
      .limit(limit)
      .execute();
    return rows.flatMap((row) => (row.staleAt === null ? [] : [{ ...row, staleAt: row.staleAt }]));
  },
  /** Records who is in. Stays stale when it was marked again meanwhile. */
  reconciled: async (
    id: MirrorId,
    report: { staleAt: Date; present: readonly UserId[]; problems: readonly Problem[] },
    now: Date,
  ): Promise<void> => {
    await db.deleteFrom('mirror_user').where('mirrorId', '=', id).where('state', '=', 'in').execute();
    if (report.present.length > 0) {
      await db
        .insertInto('mirror_user')
        .values(report.present.map((userId) => ({ mirrorId: id, userId, state: 'in' as const })))
        .onConflict((conflict) => conflict.columns(['mirrorId', 'userId']).doUpdateSet({ state: 'in', at: now }))
        .execute();
    }
    await db
      .updateTable('mirror')
      .set({
        checkedAt: now,
        problems: report.problems.length === 0 ? null : report.problems,
        staleAt: sql<Date | null>`case when "stale_at" > ${report.staleAt} then "stale_at" end`,
      })
      .where('id', '=', id)
      .execute();
  },
  reconcileLater: async (id: MirrorId, checkAfter: Date): Promise<void> => {
    await db.updateTable('mirror').set({ checkAfter }).where('id', '=', id).execute();
  },
  users: (id: MirrorId): Promise<{ userId: UserId; state: 'in' | 'left' }[]> =>
    db.selectFrom('mirror_user').select(['userId', 'state']).where('mirrorId', '=', id).execute(),
  setUser: async (id: MirrorId, userId: UserId, state: 'in' | 'left', now: Date): Promise<void> => {
    await db
      .insertInto('mirror_user')
      .values({ mirrorId: id, userId, state, at: now })
      .onConflict((conflict) => conflict.columns(['mirrorId', 'userId']).doUpdateSet({ state, at: now }))
      .execute();
  },
  /** Open channels of a Workspace with the newest of what we posted there, for reading what was missed. */
  known: async (
    workspaceId: WorkspaceId,
    threadsSince: Date,
  ): Promise<{ channelId: ChannelId; threads: PostId[] }[]> => {
    const rows = await db
      .selectFrom('mirror')
      .leftJoin('post', (join) =>
        join
          .onRef('post.mirrorId', '=', 'mirror.id')
          .on('post.threadId', 'is', null)
          .on('post.createdAt', '>=', threadsSince),
      )
      .select([
        'mirror.channelId',
        sql<PostId[]>`coalesce(array_agg(post.post_id) filter (where post.id is not null), '{}')`.as('threads'),
      ])
      .where('mirror.workspaceId', '=', workspaceId)
      .where('mirror.state', '=', 'open')
      .groupBy('mirror.id')
      .execute();
    return rows.flatMap((row) => (row.channelId === null ? [] : [{ channelId: row.channelId, threads: row.threads }]));
  },
});
