// Account: one WhatsApp number of the organisation, and how its link stands.
import { defineEntity, p } from '@mikro-orm/postgresql';
import type { AccountState } from '../domain/events.ts';
import type { AccountId } from '../domain/ids.ts';
import type { Db } from './db.ts';

export const AccountEntity = defineEntity({
  name: 'Account',
  tableName: 'account',
  properties: {
    id: p.uuid().$type<AccountId>().primary(),
    name: p.text(),
    phone: p.text().nullable(),
    state: p.text().$type<AccountState>(),
    /** Plain words for people, when something must be known or done. */
    stateText: p.text().nullable(),
    signature: p.boolean().default(false),
    createdAt: p.datetime().defaultRaw('now()'),
    connectedAt: p.datetime().nullable(),
    lastSeenAt: p.datetime().nullable(),
    removedAt: p.datetime().nullable(),
  },
});

export interface Account {
  readonly id: AccountId;
  readonly name: string;
  readonly phone: string | null;
  readonly state: AccountState;
  readonly stateText: string | null;
  readonly signature: boolean;
  readonly createdAt: Date;
  readonly connectedAt: Date | null;
  readonly lastSeenAt: Date | null;
  readonly removedAt: Date | null;
}

export const accountQueries = (db: Db) => ({
  create: (row: { id: AccountId; name: string }) =>
    db
      .insertInto('account')
      .values({ ...row, state: 'unlinked' })
      .returningAll()
      .executeTakeFirstOrThrow() as Promise<Account>,
  find: (id: AccountId): Promise<Account | undefined> =>
    db.selectFrom('account').selectAll().where('id', '=', id).where('removedAt', 'is', null).executeTakeFirst(),
  all: (): Promise<Account[]> =>
    db.selectFrom('account').selectAll().where('removedAt', 'is', null).orderBy('id').execute(),
  rename: async (id: AccountId, name: string): Promise<void> => {
    await db.updateTable('account').set({ name }).where('id', '=', id).execute();
  },
  setSignature: async (id: AccountId, signature: boolean): Promise<void> => {
    await db.updateTable('account').set({ signature }).where('id', '=', id).execute();
  },
  /** Records a change of connection. `phone` only ever becomes known, it's never forgotten while the Account exists. */
  setState: async (
    id: AccountId,
    change: { state: AccountState; stateText: string | null; phone?: string | undefined; at: Date },
  ): Promise<void> => {
    await db
      .updateTable('account')
      .set({
        state: change.state,
        stateText: change.stateText,
        lastSeenAt: change.at,
        ...(change.phone === undefined ? {} : { phone: change.phone }),
        ...(change.state === 'connected' ? { connectedAt: change.at } : {}),
      })
      .where('id', '=', id)
      .execute();
  },
  remove: async (id: AccountId, at: Date): Promise<void> => {
    await db.updateTable('account').set({ removedAt: at, state: 'unlinked' }).where('id', '=', id).execute();
  },
});
