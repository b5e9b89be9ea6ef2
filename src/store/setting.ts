// Setting: what an admin chose, by key; and the lease row of the one process that works.
import { defineEntity, p } from '@mikro-orm/postgresql';
import { sql } from 'kysely';
import type { WorkspaceId } from '../domain/ids.ts';
import type { Db } from './db.ts';

export const SettingEntity = defineEntity({
  name: 'Setting',
  tableName: 'setting',
  properties: {
    key: p.text().primary(),
    value: p.json<unknown>(),
    updatedAt: p.datetime().defaultRaw('now()'),
  },
});

export const LeaseEntity = defineEntity({
  name: 'Lease',
  tableName: 'lease',
  properties: {
    name: p.text().primary(),
    owner: p.text(),
    fence: p.bigint('string'),
    expiresAt: p.datetime(),
  },
});

/** The key of the channel that a Workspace's problems are told in: a ChannelId. */
export const adminsChannelKey = (workspaceId: WorkspaceId): string => `admins-channel:${workspaceId}`;

export const settingQueries = (db: Db) => ({
  /** As stored; the caller parses it. */
  get: async (key: string): Promise<unknown> => {
    const row = await db.selectFrom('setting').select('value').where('key', '=', key).executeTakeFirst();
    return row?.value;
  },
  /** Back to what holds where nobody chose. */
  unset: async (key: string): Promise<void> => {
    await db.deleteFrom('setting').where('key', '=', key).execute();
  },
  /** Whoever locks it later waits until this transaction ends, and then sees what it set. */
  lock: async (key: string): Promise<void> => {
    await sql`select pg_advisory_xact_lock(hashtext('setting'), hashtext(${key}))`.execute(db);
  },
  set: async (key: string, value: unknown, at: Date): Promise<void> => {
    await db
      .insertInto('setting')
      .values({ key, value, updatedAt: at })
      .onConflict((conflict) => conflict.column('key').doUpdateSet({ value, updatedAt: at }))
      .execute();
  },
});
