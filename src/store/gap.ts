// Gap: a customer's message that arrived and was let go without having been recorded. There should be none; the Ledger names each.
import { defineEntity, p } from '@mikro-orm/postgresql';
import { sql } from 'kysely';
import type { AccountId, ChatAddress, RemoteId } from '../domain/ids.ts';
import type { Said } from '../domain/session.ts';
import type { Db } from './db.ts';

export const GapEntity = defineEntity({
  name: 'Gap',
  tableName: 'gap',
  properties: {
    accountId: p.uuid().$type<AccountId>().primary(),
    remoteId: p.text().$type<RemoteId>().primary(),
    /** As it was told: the Chat may not be there. */
    address: p.text().$type<ChatAddress>(),
    /** The messenger's time. */
    sentAt: p.datetime().index('gap_sent'),
    foundAt: p.datetime().defaultRaw('now()'),
  },
});

/** Should it have been recorded after all, it's none any more. `g`: gap. */
export const isGap = sql<boolean>`not exists (select 1 from message r
  where r.account_id = g.account_id and r.remote_id = g.remote_id and r.direction = 'in')`;

/** Keeps those of `said` that no Message stands for now. */
export async function keepGaps(db: Db, account: AccountId, said: readonly Said[]): Promise<void> {
  if (said.length === 0) return;
  await sql`insert into gap (account_id, remote_id, address, sent_at)
    select g.account_id, g.remote_id, g.address, g.sent_at from (
      select ${account}::uuid as account_id, s.id as remote_id, s.chat as address, s.at as sent_at
      from jsonb_to_recordset(${JSON.stringify(said)}::jsonb) as s (id text, chat text, at timestamptz)
    ) as g where ${isGap} on conflict do nothing`.execute(db);
}
