// What every noun's file of the store stands on: the typed query builder and new ids.
import { randomBytes } from 'node:crypto';
import type { InferKyselyDB } from '@mikro-orm/postgresql';
import { sql, type Kysely } from 'kysely';
import type { ChatId } from '../domain/ids.ts';
import type { entities } from './entities.ts';

/** Queries by property names, values converted as the entities say. */
export const kyselyOptions = { columnNamingStrategy: 'property', convertValues: true } as const;

export type Tables = InferKyselyDB<(typeof entities)[number], typeof kyselyOptions>;
export type Db = Kysely<Tables>;

/**
 * Locks a Chat against others that record something in it, until the transaction ends; asked for again in the same one it costs nothing. `held`:
 * what this transaction has locked already; undefined outside of one.
 */
export const chatLock =
  (db: Db, held: Set<ChatId> | undefined) =>
  async (id: ChatId): Promise<void> => {
    if (held?.has(id) === true) return;
    await sql`select 1 from chat where id = ${id} for no key update`.execute(db);
    held?.add(id);
  };

/**
 * A new row id: UUID version 7 (RFC 9562 §5.7), so that ids made later sort later and indexes stay dense.
 * `now` is in milliseconds since 1970.
 */
export function newId<T extends string>(now: number): T {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(now, 0, 6);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x70, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}` as T;
}
