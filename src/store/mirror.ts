// Mirror: a Chat shown as one private channel of one Workspace, and who is in that channel.
import { defineEntity, p } from '@mikro-orm/postgresql';
import { sql } from 'kysely';
import type { Problem } from '../domain/events.ts';
import type { ChannelId, ChatId, MirrorId, PostId, UserId, WorkspaceId } from '../domain/ids.ts';
import { ChatEntity } from './chat.ts';
import { newId, type Db } from './db.ts';
import { mirrorUserQueries, type MirrorUserState } from './mirror-user.ts';
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
    /** Its channel is a private thread beside others, for want of room. */
    isThread: p.boolean().default(false),
    /** The thread it was before it got a channel of its own: closed, and still to be read by those who see the Chat. */
    formerChannelId: p.text().$type<ChannelId>().nullable(),
    createdAt: p.datetime().defaultRaw('now()'),
    /** Set when the people in the channel may not be those the rules want; cleared by the reconcile loop. */
    staleAt: p.datetime().nullable(),
    /** Stale, and somebody may be in who shouldn't be: those are looked at first. */
    urgent: p.boolean().default(false),
    checkAfter: p.datetime().nullable(),
    checkedAt: p.datetime().nullable(),
    problems: p.json<readonly Problem[]>().nullable(),
  },
  uniques: [
    { name: 'mirror_place', properties: ['chatId', 'workspaceId'] },
    { name: 'mirror_channel', properties: ['workspaceId', 'channelId'] },
    { name: 'mirror_former', properties: ['workspaceId', 'formerChannelId'] },
  ],
  indexes: [
    {
      name: 'mirror_next',
      expression:
        'create index "mirror_next" on "mirror" ("workspace_id", "urgent" desc, "stale_at", "id") where "stale_at" is not null',
    },
  ],
});

export const MirrorUserEntity = defineEntity({
  name: 'MirrorUser',
  tableName: 'mirror_user',
  properties: {
    mirrorId: p.manyToOne(MirrorEntity).mapToPk().primary().deleteRule('cascade'),
    userId: p.text().$type<UserId>().primary(),
    /** `left`: went by hand, and is not fetched back. `out`: taken out by us. */
    state: p.text().$type<MirrorUserState>(),
    /** Since when. */
    at: p.datetime().defaultRaw('now()'),
    /** When we last took the person out, until the platform told us so: that leaving is not by hand. */
    outAt: p.datetime().nullable(),
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
  readonly isThread: boolean;
  readonly formerChannelId: ChannelId | null;
  readonly problems: readonly Problem[] | null;
}

export interface StaleMirror extends Mirror {
  readonly staleAt: Date;
  readonly urgent: boolean;
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
  'isThread',
  'formerChannelId',
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
  /** Whose thread this was before it got a channel of its own. */
  ofFormerChannel: (workspaceId: WorkspaceId, channelId: ChannelId): Promise<Mirror | undefined> =>
    db
      .selectFrom('mirror')
      .select(columns)
      .where('workspaceId', '=', workspaceId)
      .where('formerChannelId', '=', channelId)
      .executeTakeFirst(),
  /** The Mirror of a Chat in a Workspace; made, still without a channel, when there's none. */
  ensure: async (chatId: ChatId, workspaceId: WorkspaceId, now: Date): Promise<Mirror> => {
    const find = () =>
      db.selectFrom('mirror').select(columns).where('chatId', '=', chatId).where('workspaceId', '=', workspaceId);
    const found = await find().executeTakeFirst();
    if (found !== undefined) return found;
    await db
      .insertInto('mirror')
      .values({ id: newId<MirrorId>(now.getTime()), chatId, workspaceId })
      .onConflict((conflict) => conflict.columns(['chatId', 'workspaceId']).doNothing())
      .execute();
    return find().executeTakeFirstOrThrow();
  },
  opened: async (
    id: MirrorId,
    channel: { channelId: ChannelId; channelName: string; url: string | null; isThread?: boolean },
    now: Date,
  ): Promise<void> => {
    await db
      .updateTable('mirror')
      .set({ isThread: false, ...channel, state: 'open', staleAt: now, checkAfter: null })
      .where('id', '=', id)
      .execute();
  },
  /** It has a channel of its own now, after the thread `from`; false when that isn't its place any more. Who had left by hand is forgotten. */
  promoted: async (
    id: MirrorId,
    from: ChannelId,
    channel: { channelId: ChannelId; channelName: string; url: string | null },
    now: Date,
  ): Promise<boolean> => {
    const row = await db
      .updateTable('mirror')
      .set({
        ...channel,
        isThread: false,
        formerChannelId: from,
        generation: sql<number>`generation + 1`,
        staleAt: now,
        checkAfter: null,
      })
      .where('id', '=', id)
      .where('channelId', '=', from)
      .where('state', '=', 'open')
      .returning('id')
      .executeTakeFirst();
    if (row === undefined) return false;
    await db.deleteFrom('mirror_user').where('mirrorId', '=', id).execute();
    return true;
  },
  /** The thread it was before isn't there any more. */
  forgetFormer: async (id: MirrorId): Promise<void> => {
    await db.updateTable('mirror').set({ formerChannelId: null }).where('id', '=', id).execute();
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
  /** Moves a merged Chat's Mirrors to the one that stays; where both have one, that of the staying Chat is kept. */
  moveChat: async (from: ChatId, to: ChatId): Promise<void> => {
    await sql`update mirror m set chat_id = ${to} where chat_id = ${from} and not exists
      (select 1 from mirror k where k.chat_id = ${to} and k.workspace_id = m.workspace_id)`.execute(db);
    await db.deleteFrom('mirror').where('chatId', '=', from).execute();
  },
  rename: async (id: MirrorId, channelName: string): Promise<void> => {
    await db.updateTable('mirror').set({ channelName }).where('id', '=', id).execute();
  },
  /** Asks the reconcile loop to look at these again; `urgent` when somebody may have to go. Absent means all of them. */
  markStale: async (
    which: {
      workspaceId?: WorkspaceId;
      chatId?: ChatId;
      chatIds?: readonly ChatId[];
      id?: MirrorId;
      ids?: readonly MirrorId[];
    },
    now: Date,
    urgent = false,
  ): Promise<void> => {
    let query = db
      .updateTable('mirror')
      .set({
        // Later than before in any case: a look that has begun must see that it was marked again.
        staleAt: sql<Date>`greatest(${now}::timestamptz, "stale_at" + interval '1 millisecond')`,
        checkAfter: null,
        ...(urgent ? { urgent } : {}),
      })
      .where('state', '=', 'open');
    if (which.workspaceId !== undefined) query = query.where('workspaceId', '=', which.workspaceId);
    if (which.chatId !== undefined) query = query.where('chatId', '=', which.chatId);
    if (which.chatIds !== undefined) query = query.where(sql<boolean>`"chat_id" = any(${[...which.chatIds]}::uuid[])`);
    if (which.id !== undefined) query = query.where('id', '=', which.id);
    if (which.ids !== undefined) query = query.where(sql<boolean>`"id" = any(${[...which.ids]}::uuid[])`);
    await query.execute();
  },
  /** The first to be looked at, in one Workspace: those out of which somebody may have to go, then the longest stale. */
  stale: async (
    now: Date,
    limit: number,
    which: { workspaceId?: WorkspaceId; urgent?: boolean } = {},
  ): Promise<StaleMirror[]> => {
    let query = db
      .selectFrom('mirror')
      .select([...columns, 'staleAt', 'urgent'])
      .where('staleAt', 'is not', null)
      .where('state', '=', 'open')
      .where((eb) => eb.or([eb('checkAfter', 'is', null), eb('checkAfter', '<=', now)]))
      .orderBy('urgent', 'desc')
      .orderBy('staleAt')
      .orderBy('id')
      .limit(limit);
    if (which.workspaceId !== undefined) query = query.where('workspaceId', '=', which.workspaceId);
    if (which.urgent !== undefined) query = query.where('urgent', '=', which.urgent);
    const rows = await query.execute();
    return rows.flatMap((row) => (row.staleAt === null ? [] : [{ ...row, staleAt: row.staleAt }]));
  },
  /** How many channels a Workspace has. */
  openCount: async (workspaceId: WorkspaceId): Promise<number> => {
    const { count } = await db
      .selectFrom('mirror')
      .select(sql<number>`count(*)::int`.as('count'))
      .where('workspaceId', '=', workspaceId)
      .where('state', '=', 'open')
      .executeTakeFirstOrThrow();
    return count;
  },
  /** How many channels still wait for their people to be put right: the progress of a bulk change. */
  staleCounts: (): Promise<{ workspaceId: WorkspaceId; count: number }[]> =>
    db
      .selectFrom('mirror')
      .select(['workspaceId', sql<number>`count(*)::int`.as('count')])
      .where('staleAt', 'is not', null)
      .where('state', '=', 'open')
      .groupBy('workspaceId')
      .execute(),
  /** Marks stale what wasn't looked at since `checkedBefore` and isn't resting, the longest ago first. */
  sweep: async (workspaceId: WorkspaceId, checkedBefore: Date, limit: number, now: Date): Promise<void> => {
    await sql`update mirror set stale_at = ${now} where id in (
      select id from mirror where workspace_id = ${workspaceId} and state = 'open' and stale_at is null
        and (checked_at is null or checked_at <= ${checkedBefore}) and (check_after is null or check_after <= ${now})
      order by checked_at nulls first limit ${limit})`.execute(db);
  },
  /** Those of these that aren't resting after a refusal. */
  notResting: async (ids: readonly MirrorId[], now: Date): Promise<MirrorId[]> => {
    const rows = await sql<{ id: MirrorId }>`select id from mirror where id = any(${[...ids]}::uuid[])
      and stale_at is null and (check_after is null or check_after <= ${now})`.execute(db);
    return rows.rows.map((row) => row.id);
  },
  /** Channels whose people couldn't be made what the rules want, with why. */
  troubled: (workspaceId: WorkspaceId): Promise<Mirror[]> =>
    db
      .selectFrom('mirror')
      .select(columns)
      .where('workspaceId', '=', workspaceId)
      .where('problems', 'is not', null)
      .orderBy('id')
      .execute(),
  /** These people are about to be taken out by us: the platform's word of it is not a leaving by hand. */
  takingOut: async (id: MirrorId, userIds: readonly UserId[], now: Date): Promise<void> => {
    if (userIds.length === 0) return;
    await db
      .insertInto('mirror_user')
      .values(userIds.map((userId) => ({ mirrorId: id, userId, state: 'in' as const, at: now, outAt: now })))
      .onConflict((conflict) => conflict.columns(['mirrorId', 'userId']).doUpdateSet({ outAt: now }))
      .execute();
  },
  /**
   * Records who is in, as of now whom we had meant to take out: that they leave later is by hand. `staleAt` is what it was when the look began:
   * marked again meanwhile, it stays stale; absent, there's more to do and it stays stale as well.
   */
  reconciled: async (
    id: MirrorId,
    report: {
      staleAt?: Date;
      present: readonly UserId[];
      /** Whom we meant to take out (`takingOut`), and whom we took out. */
      planned: readonly UserId[];
      removed: readonly UserId[];
      problems: readonly Problem[];
    },
    now: Date,
  ): Promise<void> => {
    const present = [...report.present];
    const removed = [...report.removed];
    await sql`update mirror_user set out_at = null where mirror_id = ${id}
      and user_id = any(${[...report.planned]}::text[]) and not (user_id = any(${removed}::text[]))`.execute(db);
    await sql`delete from mirror_user where mirror_id = ${id} and state <> 'left'
      and not (user_id = any(${present}::text[])) and not (user_id = any(${removed}::text[]))
      and (out_at is null or out_at < ${now}::timestamptz - interval '10 minutes')`.execute(db);
    await sql`insert into mirror_user (mirror_id, user_id, state, at)
      select ${id}::uuid, user_id, 'in', ${now}::timestamptz from unnest(${present}::text[]) as there (user_id)
      on conflict (mirror_id, user_id) do update set state = 'in',
        at = case when mirror_user.state = 'in' and coalesce(mirror_user.out_at < mirror_user.at, true)
          then mirror_user.at else excluded.at end
        where mirror_user.state <> 'left'`.execute(db);
    await sql`insert into mirror_user (mirror_id, user_id, state, at, out_at)
      select ${id}::uuid, user_id, 'out', ${now}::timestamptz, ${now}::timestamptz from unnest(${removed}::text[]) as gone (user_id)
      on conflict (mirror_id, user_id) do update
        set state = case mirror_user.state when 'left' then 'left' else 'out' end, at = excluded.at`.execute(db);
    const { staleAt } = report;
    await db
      .updateTable('mirror')
      .set({
        checkedAt: now,
        problems: report.problems.length === 0 ? null : report.problems,
        ...(staleAt === undefined
          ? {}
          : {
              staleAt: sql<Date | null>`case when "stale_at" > ${staleAt} then "stale_at" end`,
              urgent: sql<boolean>`"urgent" and "stale_at" > ${staleAt}`,
            }),
      })
      .where('id', '=', id)
      .execute();
  },
  /** It was refused: for `problems`, not to be tried again by sweeps until `checkAfter`. */
  refused: async (
    id: MirrorId,
    refusal: { staleAt: Date; problems: readonly Problem[]; checkAfter: Date },
    now: Date,
  ): Promise<void> => {
    const { staleAt, problems, checkAfter } = refusal;
    await db
      .updateTable('mirror')
      .set({ checkedAt: now, problems, checkAfter, staleAt: null, urgent: false })
      .where('id', '=', id)
      .where('staleAt', '<=', staleAt)
      .execute();
  },
  /** Done as far as it goes: sweeps leave it alone until then, unless it was marked again meanwhile. */
  rest: async (id: MirrorId, checkAfter: Date): Promise<void> => {
    await db.updateTable('mirror').set({ checkAfter }).where('id', '=', id).where('staleAt', 'is', null).execute();
  },
  setProblems: async (id: MirrorId, problems: readonly Problem[]): Promise<void> => {
    await db.updateTable('mirror').set({ problems }).where('id', '=', id).execute();
  },
  reconcileLater: async (id: MirrorId, checkAfter: Date): Promise<void> => {
    await db.updateTable('mirror').set({ checkAfter }).where('id', '=', id).execute();
  },
  ...mirrorUserQueries(db),
  /** Every channel there is, with its Chat's id. */
  allOpen: (): Promise<Mirror[]> =>
    db.selectFrom('mirror').select(columns).where('state', '=', 'open').orderBy('id').execute(),
  /** Open channels of a Workspace with the newest of what we posted and what people wrote there, for reading what was missed. */
  known: async (
    workspaceId: WorkspaceId,
    threadsSince: Date,
  ): Promise<{ channelId: ChannelId; threads: PostId[]; heard: PostId[] }[]> => {
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
        sql<PostId[]>`coalesce(array_agg(post.remote_id) filter (where post.id is not null), '{}')`.as('threads'),
        sql<PostId[]>`array(select distinct message.origin_post_id from message where message.chat_id = mirror.chat_id
          and message.origin_workspace_id = mirror.workspace_id and message.origin_post_id is not null
          and message.deleted_at is null and message.sent_at >= ${threadsSince})`.as('heard'),
      ])
      .where('mirror.workspaceId', '=', workspaceId)
      .where('mirror.state', '=', 'open')
      .groupBy('mirror.id')
      .execute();
    return rows.flatMap(({ channelId, threads, heard }) => (channelId === null ? [] : [{ channelId, threads, heard }]));
  },
});
