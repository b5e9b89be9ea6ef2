// Idempotency: what a POST with a key was answered, so that its repeat is answered the same and nothing is done twice.
import { defineEntity, p } from '@mikro-orm/postgresql';
import type { Db } from './db.ts';

export const IdempotencyEntity = defineEntity({
  name: 'Idempotency',
  tableName: 'idempotency',
  properties: {
    /** Whose key it is: an Agent's id or a token's name. Two may use the same key. */
    asker: p.text().primary(),
    key: p.text().primary(),
    /** A digest of the method, the address and the body. */
    fingerprint: p.text(),
    /** None while it is being done. */
    status: p.integer().nullable(),
    /** The body of the answer, sealed: it may hold a link or a token. */
    answer: p.blob().nullable(),
    createdAt: p.datetime().index('idempotency_age'),
  },
});

export interface KeptAnswer {
  readonly fingerprint: string;
  readonly status: number | null;
  readonly answer: Buffer | Uint8Array | null;
}

export const idempotencyQueries = (db: Db) => ({
  /** Takes the key for one run: undefined when it's ours now, else what stands under it. */
  claim: async (
    row: { asker: string; key: string; fingerprint: string },
    now: Date,
  ): Promise<KeptAnswer | undefined> => {
    const ours = await db
      .insertInto('idempotency')
      .values({ ...row, createdAt: now })
      .onConflict((conflict) => conflict.columns(['asker', 'key']).doNothing())
      .returning('key')
      .executeTakeFirst();
    if (ours !== undefined) return undefined;
    return db
      .selectFrom('idempotency')
      .select(['fingerprint', 'status', 'answer'])
      .where('asker', '=', row.asker)
      .where('key', '=', row.key)
      .executeTakeFirstOrThrow();
  },
  keep: async (asker: string, key: string, status: number, answer: Buffer): Promise<void> => {
    await db
      .updateTable('idempotency')
      .set({ status, answer })
      .where('asker', '=', asker)
      .where('key', '=', key)
      .execute();
  },
  /** Nothing was done: the key may be used again. */
  release: async (asker: string, key: string): Promise<void> => {
    await db.deleteFrom('idempotency').where('asker', '=', asker).where('key', '=', key).execute();
  },
  prune: async (before: Date): Promise<void> => {
    await db.deleteFrom('idempotency').where('createdAt', '<', before).execute();
  },
});
