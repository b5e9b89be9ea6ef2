// The end of a change of keys: everything sealed with the previous key is sealed again with the present one.
import { sql } from 'kysely';
import type { Vault } from '../runtime/secrets.ts';
import type { Db } from './db.ts';
import { arrivalContext, sentContext, sessionContext } from './session.ts';

interface SealedRow {
  readonly place: string;
  readonly context: string;
  readonly values: Readonly<Record<string, Buffer | null>>;
}

const AT_ONCE = 500;

/** Seals one batch again; resolves to its size. Nobody else writes these rows meanwhile. */
async function resealBatch(db: Db, vault: Vault, table: string, rows: readonly SealedRow[]): Promise<number> {
  for (const { place, context, values } of rows) {
    const changes = Object.entries(values).flatMap(([column, value]) =>
      value === null ? [] : [sql`${sql.ref(column)} = ${vault.seal(vault.open(value, context), context)}`],
    );
    await sql`update ${sql.table(table)} set ${sql.join(changes)} where ctid = ${place}::tid`.execute(db);
  }
  return rows.length;
}

/** Whose key it is stands behind the first byte. */
const isOld = (column: string, vault: Vault) =>
  sql`${sql.ref(column)} is not null and substring(${sql.ref(column)} from 2 for ${sql.lit(vault.keyId.length)}) <> ${vault.keyId}`;

/**
 * Seals again what the previous key sealed. Run by the process at work before its messengers start; `write` gives one transaction. Resolves to
 * the number of rows; after a failure it goes on where it was.
 */
export async function reseal(write: <T>(work: (db: Db) => Promise<T>) => Promise<T>, vault: Vault): Promise<number> {
  const batches: ((db: Db) => Promise<number>)[] = [
    async (db) => {
      const { rows } = await sql<{ place: string; account: string; type: string; id: string; value: Buffer }>`
        select ctid::text as place, account_id as account, type, id, value from session where ${isOld('value', vault)} limit ${AT_ONCE}`.execute(
        db,
      );
      const sealed = rows.map(({ place, account, type, id, value }) => ({
        place,
        context: sessionContext(account, type, id),
        values: { value },
      }));
      return resealBatch(db, vault, 'session', sealed);
    },
    async (db) => {
      const { rows } = await sql<{ place: string; account: string; id: string; payload: Buffer }>`
        select ctid::text as place, account_id as account, id, payload from sent where ${isOld('payload', vault)} limit ${AT_ONCE}`.execute(
        db,
      );
      const sealed = rows.map(({ place, account, id, payload }) => ({
        place,
        context: sentContext(account, id),
        values: { payload },
      }));
      return resealBatch(db, vault, 'sent', sealed);
    },
    async (db) => {
      const { rows } = await sql<{
        place: string;
        account: string;
        key: string;
        payload: Buffer;
        recall: Buffer | null;
      }>`
        select ctid::text as place, account_id as account, key, payload, recall from arrival
        where (${isOld('payload', vault)}) or (${isOld('recall', vault)}) limit ${AT_ONCE}`.execute(db);
      const sealed = rows.map(({ place, account, key, payload, recall }) => ({
        place,
        context: arrivalContext(account, key),
        values: { payload, recall },
      }));
      return resealBatch(db, vault, 'arrival', sealed);
    },
  ];
  let count = 0;
  for (const batch of batches) {
    for (let done = await write(batch); done > 0; done = await write(batch)) count += done;
  }
  return count;
}
