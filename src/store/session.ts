// The SessionStore of the messenger port: log-in state and arrivals, sealed, each call one transaction.
import { defineEntity, p } from '@mikro-orm/postgresql';
import { sql } from 'kysely';
import type { AccountId } from '../domain/ids.ts';
import type { SessionStore } from '../domain/session.ts';
import type { Vault } from '../runtime/secrets.ts';
import type { Db } from './db.ts';
import { keepGaps } from './gap.ts';

export const SessionEntity = defineEntity({
  name: 'Session',
  tableName: 'session',
  properties: {
    accountId: p.uuid().$type<AccountId>().primary(),
    type: p.text().primary(),
    id: p.text().primary(),
    /** Sealed. */
    value: p.blob(),
    /** May be forgotten after this. */
    expiresAt: p.datetime().nullable(),
  },
});

export const SentEntity = defineEntity({
  name: 'Sent',
  tableName: 'sent',
  properties: {
    accountId: p.uuid().$type<AccountId>().primary(),
    id: p.text().primary(),
    /** Sealed. */
    payload: p.blob(),
    sentAt: p.datetime().defaultRaw('now()').index('sent_age'),
  },
});

/** The places that values are sealed for. */
export const sessionContext = (account: string, type: string, id: string): string => `session|${account}|${type}|${id}`;
export const arrivalContext = (account: string, key: string): string => `arrival|${account}|${key}`;
export const sentContext = (account: string, id: string): string => `sent|${account}|${id}`;

interface SessionAccess {
  read<T>(work: (db: Db) => Promise<T>): Promise<T>;
  write<T>(work: (db: Db) => Promise<T>): Promise<T>;
}

/** `read` and `write` give a connection; `write` one transaction that commits when the work resolves. */
export function createSessionStore({ read, write }: SessionAccess, vault: Vault): SessionStore {
  return {
    get: async (account, type, ids) => {
      const rows = await read((db) =>
        db
          .selectFrom('session')
          .select(['id', 'value'])
          .where('accountId', '=', account)
          .where('type', '=', type)
          .where('id', 'in', ids)
          .execute(),
      );
      return new Map(rows.map((row) => [row.id, vault.open(row.value, sessionContext(account, type, row.id))]));
    },
    set: (account, changes, arrivals) =>
      write(async (db) => {
        const kept = changes.flatMap(({ type, id, value, until }) =>
          value === null
            ? []
            : [
                {
                  accountId: account,
                  type,
                  id,
                  value: vault.seal(value, sessionContext(account, type, id)),
                  expiresAt: until ?? null,
                },
              ],
        );
        const gone = changes.filter((change) => change.value === null);
        for (let start = 0; start < kept.length; start += 1000) {
          await db
            .insertInto('session')
            .values(kept.slice(start, start + 1000))
            .onConflict((conflict) =>
              conflict
                .columns(['accountId', 'type', 'id'])
                .doUpdateSet((eb) => ({ value: eb.ref('excluded.value'), expiresAt: eb.ref('excluded.expiresAt') })),
            )
            .execute();
        }
        for (const type of new Set(gone.map((change) => change.type))) {
          const ids = gone.filter((change) => change.type === type).map((change) => change.id);
          await db
            .deleteFrom('session')
            .where('accountId', '=', account)
            .where('type', '=', type)
            .where('id', 'in', ids)
            .execute();
        }
        for (const arrival of arrivals) {
          const context = arrivalContext(account, arrival.key);
          await db
            .insertInto('arrival')
            .values({
              accountId: account,
              key: arrival.key,
              kind: arrival.kind,
              payload: vault.seal(arrival.payload, context),
              recall: arrival.recall === undefined ? null : vault.seal(arrival.recall, context),
            })
            .onConflict((conflict) => conflict.columns(['accountId', 'key']).doNothing())
            .execute();
        }
      }),
    clear: (account) =>
      write(async (db) => {
        await db.deleteFrom('session').where('accountId', '=', account).execute();
      }),
    recall: async (account, key) => {
      const row = await read((db) =>
        db
          .selectFrom('arrival')
          .select('recall')
          .where('accountId', '=', account)
          .where('key', '=', key)
          .executeTakeFirst(),
      );
      return row?.recall ? vault.open(row.recall, arrivalContext(account, key)) : undefined;
    },
    pending: async (account, afterId, limit) => {
      const rows = await read((db) =>
        db
          .selectFrom('arrival')
          .select(['id', 'key', 'kind', 'payload', 'attempts'])
          .where('accountId', '=', account)
          .where('doneAt', 'is', null)
          .where('id', '>', afterId ?? '0')
          .orderBy('id')
          .limit(limit)
          .execute(),
      );
      return rows.map(({ id, key, kind, payload, attempts }) => ({
        id,
        kind,
        payload: vault.open(payload, arrivalContext(account, key)),
        attempts,
      }));
    },
    done: (account, ids, said) =>
      write(async (db) => {
        if (ids.length === 0) return;
        await db
          .updateTable('arrival')
          .set({ doneAt: sql<Date>`now()` })
          .where('accountId', '=', account)
          .where('id', 'in', ids)
          .execute();
        await keepGaps(db, account, said);
      }),
    failed: (account, id, reason) =>
      write(async (db) => {
        const row = await db
          .updateTable('arrival')
          .set({ attempts: sql<number>`attempts + 1`, reason })
          .where('accountId', '=', account)
          .where('id', '=', id)
          .returning('attempts')
          .executeTakeFirst();
        return row?.attempts ?? 0;
      }),
    saveSent: (account, id, payload) =>
      write(async (db) => {
        await db
          .insertInto('sent')
          .values({ accountId: account, id, payload: vault.seal(payload, sentContext(account, id)) })
          .onConflict((conflict) => conflict.columns(['accountId', 'id']).doNothing())
          .execute();
      }),
    sent: async (account, id) => {
      const row = await read((db) =>
        db
          .selectFrom('sent')
          .select('payload')
          .where('accountId', '=', account)
          .where('id', '=', id)
          .executeTakeFirst(),
      );
      return row === undefined ? undefined : vault.open(row.payload, sentContext(account, id));
    },
  };
}
