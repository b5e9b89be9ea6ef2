// The two durable inboxes: what arrived from messengers (arrival) and what was heard from workspaces (heard), until it is recorded.
import { defineEntity, p } from '@mikro-orm/postgresql';
import { sql } from 'kysely';
import type { PlatformEvent } from '../domain/events.ts';
import type { AccountId, ChannelId, WorkspaceId } from '../domain/ids.ts';
import type { Db } from './db.ts';

export const ArrivalEntity = defineEntity({
  name: 'Arrival',
  tableName: 'arrival',
  properties: {
    id: p.bigint('string').primary().autoincrement(),
    accountId: p.uuid().$type<AccountId>(),
    key: p.text(),
    kind: p.text(),
    /** Sealed, like `recall`. */
    payload: p.blob(),
    recall: p.blob().nullable(),
    attempts: p.integer().default(0),
    reason: p.text().nullable(),
    arrivedAt: p.datetime().defaultRaw('now()'),
    doneAt: p.datetime().nullable(),
  },
  uniques: [{ name: 'arrival_key', properties: ['accountId', 'key'] }],
  indexes: [
    {
      name: 'arrival_pending',
      expression: 'create index "arrival_pending" on "arrival" ("account_id", "id") where "done_at" is null',
    },
    { name: 'arrival_done', properties: ['doneAt'] },
  ],
});

export const HeardEntity = defineEntity({
  name: 'Heard',
  tableName: 'heard',
  properties: {
    id: p.bigint('string').primary().autoincrement(),
    workspaceId: p.uuid().$type<WorkspaceId>(),
    key: p.text(),
    /** Events of one channel are worked off in order; those of none (people) stand for themselves. */
    channel: p.text().$type<ChannelId>().nullable(),
    event: p.json<PlatformEvent>(),
    attempts: p.integer().default(0),
    reason: p.text().nullable(),
    heardAt: p.datetime().defaultRaw('now()'),
    nextAt: p.datetime().defaultRaw('now()'),
    doneAt: p.datetime().nullable(),
  },
  uniques: [{ name: 'heard_key', properties: ['workspaceId', 'key'] }],
  indexes: [
    { name: 'heard_pending', expression: 'create index "heard_pending" on "heard" ("id") where "done_at" is null' },
    { name: 'heard_done', properties: ['doneAt'] },
  ],
});

export interface Heard {
  readonly id: string;
  readonly workspaceId: WorkspaceId;
  readonly channel: ChannelId | null;
  readonly event: PlatformEvent;
  readonly attempts: number;
  readonly heardAt: Date;
}

/** A Workspace whose events wait, but those of some channels. Those of no channel don't wait. */
export interface HeldBack {
  readonly workspaceId: WorkspaceId;
  readonly except: readonly ChannelId[];
}

/** What comes before what in a channel: by when it was done, within a millisecond by the post it's about, then by when it was told. */
const turnOf = (row: string) =>
  sql`(${sql.ref(`${row}.event`)} ->> 'at', coalesce(${sql.ref(`${row}.event`)} ->> 'post', '') collate "C", ${sql.ref(`${row}.id`)})`;

const reviveDates = (event: PlatformEvent): PlatformEvent => ({ ...event, at: new Date(event.at) });

export const inboxQueries = (db: Db) => ({
  /** True when it was new: a repeat of the same key changes nothing. */
  hear: async (workspaceId: WorkspaceId, event: PlatformEvent): Promise<boolean> => {
    const row = await db
      .insertInto('heard')
      .values({ workspaceId, key: event.key, channel: 'channel' in event ? event.channel : null, event })
      .onConflict((conflict) => conflict.columns(['workspaceId', 'key']).doNothing())
      .returning('id')
      .executeTakeFirst();
    return row !== undefined;
  },
  /**
   * What is due, in the order in which it was said, not stored: the history is read late. Of a channel only what stands at its head, so that a
   * waiting event holds back those after it. What was not tried yet is due, whatever the clocks say.
   */
  due: async (now: Date, limit: number, held: readonly HeldBack[]): Promise<Heard[]> => {
    const rows = await db
      .selectFrom('heard as h')
      .select(['h.id', 'h.workspaceId', 'h.channel', 'h.event', 'h.attempts', 'h.heardAt'])
      .where('h.doneAt', 'is', null)
      .where((eb) =>
        eb.and(
          held.map(({ workspaceId, except }) =>
            eb.or([
              eb('h.workspaceId', '!=', workspaceId),
              eb('h.channel', 'is', null),
              ...(except.length === 0 ? [] : [eb('h.channel', 'in', [...except])]),
            ]),
          ),
        ),
      )
      .where((eb) => eb.or([eb('h.attempts', '=', 0), eb('h.nextAt', '<=', now)]))
      .where((eb) =>
        eb.not(
          eb.exists(
            eb
              .selectFrom('heard as b')
              .select('b.id')
              .whereRef('b.workspaceId', '=', 'h.workspaceId')
              .whereRef('b.channel', '=', 'h.channel')
              .where('b.doneAt', 'is', null)
              .where('b.attempts', '>', 0)
              .where('b.nextAt', '>', now)
              .where(sql<boolean>`${turnOf('b')} < ${turnOf('h')}`),
          ),
        ),
      )
      .orderBy(turnOf('h'))
      .limit(limit)
      .execute();
    return rows.map((row) => ({ ...row, event: reviveDates(row.event) }));
  },
  heardDone: async (id: string, at: Date): Promise<void> => {
    await db.updateTable('heard').set({ doneAt: at }).where('id', '=', id).execute();
  },
  heardLater: async (id: string, nextAt: Date, reason: string): Promise<void> => {
    await db
      .updateTable('heard')
      .set({ nextAt, reason, attempts: sql<number>`attempts + 1` })
      .where('id', '=', id)
      .execute();
  },
  /** Whether an event was heard and is done with, whatever came of it. */
  isHeardDone: async (workspaceId: WorkspaceId, key: string): Promise<boolean> => {
    const row = await db
      .selectFrom('heard')
      .select('id')
      .where('workspaceId', '=', workspaceId)
      .where('key', '=', key)
      .where('doneAt', 'is not', null)
      .executeTakeFirst();
    return row !== undefined;
  },
  waitingCounts: async (): Promise<{ arrivals: number; heard: number }> => {
    const arrivals = await db
      .selectFrom('arrival')
      .select(sql<number>`count(*)::int`.as('count'))
      .where('doneAt', 'is', null)
      .executeTakeFirstOrThrow();
    const heard = await db
      .selectFrom('heard')
      .select(sql<number>`count(*)::int`.as('count'))
      .where('doneAt', 'is', null)
      .executeTakeFirstOrThrow();
    return { arrivals: arrivals.count, heard: heard.count };
  },
  /** Forgets what was done before `before`: long enough that a redelivery is still recognised. */
  prune: async (before: Date): Promise<void> => {
    await db.deleteFrom('arrival').where('doneAt', '<', before).execute();
    await db.deleteFrom('heard').where('doneAt', '<', before).execute();
    await db
      .deleteFrom('session')
      .where('expiresAt', '<', sql<Date>`now()`)
      .execute();
  },
});
