// Digest: the figures of one Workspace for one period, claimed once by a unique row; and when each Workspace wants them.
import { defineEntity, p } from '@mikro-orm/postgresql';
import type { ChannelId, WorkspaceId } from '../domain/ids.ts';
import { newId, type Db } from './db.ts';
import { WorkspaceEntity } from './workspace.ts';

declare const brand: unique symbol;
export type DigestId = string & { readonly [brand]: 'Digest' };

/** `now`: asked for by a person; the others by the clock. */
export type DigestKind = 'daily' | 'weekly' | 'now';

export const DigestScheduleEntity = defineEntity({
  name: 'DigestSchedule',
  tableName: 'digest_schedule',
  properties: {
    workspaceId: p.manyToOne(WorkspaceEntity).mapToPk().primary(),
    channelId: p.text().$type<ChannelId>(),
    /** Minutes since local midnight. */
    minutes: p.integer(),
    timeZone: p.text(),
    /** On Mondays, the week before as well. */
    weekly: p.boolean().default(false),
    /** May the digest name Chats? */
    namesChats: p.boolean().default(false),
    /** What was due before isn't made up for. */
    since: p.datetime(),
  },
});

export const DigestEntity = defineEntity({
  name: 'Digest',
  tableName: 'digest',
  properties: {
    id: p.uuid().$type<DigestId>().primary(),
    workspaceId: p.manyToOne(WorkspaceEntity).mapToPk(),
    kind: p.text().$type<DigestKind>(),
    /** The first day of the period in the schedule's time zone; for `now` the moment it was asked for. */
    period: p.text(),
    channelId: p.text().$type<ChannelId>(),
    /** All it shows, as it was when it was made: a repeated post says the same. */
    content: p.json<unknown>(),
    madeAt: p.datetime(),
  },
  uniques: [{ name: 'digest_once', properties: ['workspaceId', 'kind', 'period'] }],
});

export interface DigestSchedule {
  readonly workspaceId: WorkspaceId;
  readonly channelId: ChannelId;
  readonly minutes: number;
  readonly timeZone: string;
  readonly weekly: boolean;
  readonly namesChats: boolean;
  readonly since: Date;
}

export interface DigestRow {
  readonly id: DigestId;
  readonly workspaceId: WorkspaceId;
  readonly kind: DigestKind;
  readonly period: string;
  readonly channelId: ChannelId;
  readonly content: unknown;
  readonly madeAt: Date;
}

export const digestQueries = (db: Db) => ({
  schedules: (): Promise<DigestSchedule[]> =>
    db
      .selectFrom('digest_schedule')
      .innerJoin('workspace as place', 'place.id', 'digest_schedule.workspaceId')
      .selectAll('digest_schedule')
      .where('place.removedAt', 'is', null)
      .orderBy('digest_schedule.workspaceId')
      .execute(),
  schedule: (workspaceId: WorkspaceId): Promise<DigestSchedule | undefined> =>
    db.selectFrom('digest_schedule').selectAll().where('workspaceId', '=', workspaceId).executeTakeFirst(),
  setSchedule: async (schedule: DigestSchedule): Promise<void> => {
    const { workspaceId, ...rest } = schedule;
    await db
      .insertInto('digest_schedule')
      .values({ workspaceId, ...rest })
      .onConflict((conflict) => conflict.column('workspaceId').doUpdateSet(rest))
      .execute();
  },
  /** False when there was none. */
  dropSchedule: async (workspaceId: WorkspaceId): Promise<boolean> => {
    const row = await db
      .deleteFrom('digest_schedule')
      .where('workspaceId', '=', workspaceId)
      .returning('workspaceId')
      .executeTakeFirst();
    return row !== undefined;
  },
  isMade: async (workspaceId: WorkspaceId, kind: DigestKind, period: string): Promise<boolean> => {
    const row = await db
      .selectFrom('digest')
      .select('id')
      .where('workspaceId', '=', workspaceId)
      .where('kind', '=', kind)
      .where('period', '=', period)
      .executeTakeFirst();
    return row !== undefined;
  },
  /** Makes the Digest of a period, once whoever tries; undefined when somebody else did it. */
  claim: (digest: Omit<DigestRow, 'id'>): Promise<DigestRow | undefined> =>
    db
      .insertInto('digest')
      .values({ ...digest, id: newId<DigestId>(digest.madeAt.getTime()) })
      .onConflict((conflict) => conflict.columns(['workspaceId', 'kind', 'period']).doNothing())
      .returningAll()
      .executeTakeFirst(),
  find: (id: DigestId): Promise<DigestRow | undefined> =>
    db.selectFrom('digest').selectAll().where('id', '=', id).executeTakeFirst(),
});
